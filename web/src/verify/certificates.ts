/** `trust/`: each certificate, in one PEM form, each CRL and OCSP response under its own digest; nothing else. */

import { concat, equal } from "../bytes.js";
import { CERTIFICATE, CHAIN_FILES, STATEMENT } from "../case/layout.js";
import { attempt, FormatError } from "../errors.js";
import type { Examination } from "../examination.js";
import type { Problem } from "../models.js";
import { type Certificate, loadCertificates } from "../trust/certificates.js";
import { readStatement } from "../trust/revocation.js";
import type { CaseFiles } from "./files.js";

/** Check `trust/` and return every certificate in it that is what its name says; *exam* gets the statements. */
export async function checkCertificates(
  exam: Examination,
  files: CaseFiles,
  { bundle }: { readonly bundle: boolean },
): Promise<Certificate[]> {
  const found = new Map<string, Certificate>();
  const problems: Problem[] = [];
  for (const name of files.names()) {
    const print = CERTIFICATE.exec(name)?.[1];
    const problem = print === undefined ? "" : await keep(files, name, print, found);
    if (problem !== "") problems.push([files.shown(name), problem]);
  }
  if (bundle) problems.push(...(await chainProblems(files, found)));
  problems.push(...(await readStatements(exam, files)));
  const count = `${found.size} certificates, ${exam.statements.length} statements on revocations`;
  exam.concluded("trust.files", files.shown("trust"), problems, count);
  return [...found.values()];
}

async function keep(
  files: CaseFiles,
  name: string,
  print: string,
  found: Map<string, Certificate>,
): Promise<string> {
  const data = await attempt(() => files.read(name));
  if (data instanceof FormatError) return `not one certificate: ${data.message}`;
  const read = await attempt(() => loadCertificates(data));
  if (read instanceof FormatError) return `not one certificate: ${read.message}`;
  const [certificate, ...others] = read;
  if (certificate === undefined || others.length > 0) return "holds more than one certificate";
  const { fingerprint } = certificate;
  if (fingerprint !== print) return `the certificate has the digest ${fingerprint}, not the one in its name`;
  if (!equal(certificate.pem(), data)) return "the certificate is not written in the one form allowed";
  found.set(print, certificate);
  return "";
}

/** What is wrong with the files that repeat some of the certificates. */
async function chainProblems(files: CaseFiles, found: ReadonlyMap<string, Certificate>): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const name of files.names().filter((one) => CHAIN_FILES.has(one))) {
    const why = await attempt(async () => {
      const data = await files.read(name);
      const members = loadCertificates(data);
      const whole = equal(concat(...members.map((member) => member.pem())), data);
      return whole && members.every((member) => found.has(member.fingerprint));
    });
    if (why === true) continue;
    const other = "holds something else than certificates that lie beside it";
    problems.push([files.shown(name), why instanceof FormatError ? why.message : other]);
  }
  return problems;
}

async function readStatements(exam: Examination, files: CaseFiles): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const name of files.names()) {
    const kind = STATEMENT.exec(name)?.[1];
    if (kind === undefined) continue;
    const statement = await attempt(async () => readStatement(kind, await files.read(name)));
    if (statement instanceof FormatError) problems.push([files.shown(name), statement.message]);
    else if (`trust/${statement.name}` === name) exam.statements.push(statement);
    else problems.push([files.shown(name), "it does not have the digest in its name"]);
  }
  return problems;
}
