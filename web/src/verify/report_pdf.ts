/** The signed PDF report: its signature, what follows it, and whether it belongs to this bundle. */

import { type Bytes, equal } from "../bytes.js";
import { digestText } from "../digest.js";
import { attempt, FormatError } from "../errors.js";
import type { Examination } from "../examination.js";
import type { Json, Problem, Trust } from "../models.js";
import { checkPdf } from "../pdf/check.js";
import { holds, isWholeAndValid, type PdfFindings, type SignatureFindings } from "../pdf/findings.js";
import { LimitError } from "../pdf/source.js";
import { utcText } from "../times.js";
import type { Certificate } from "../trust/certificates.js";
import { stampTrusted } from "./history.js";

export const LIST_ATTACHMENT = "evidence-sha256.txt";
export const LOG_ATTACHMENT = "custody.jsonl";

/**
 * Check the report in *file*; *wanted* are the digests its attachments must have, by name.
 *
 * Returns undefined for one that cannot be examined within the limits; raises `FormatError` when it cannot be read.
 */
export async function checkReport(
  exam: Examination,
  shown: string,
  file: Blob,
  certificates: readonly Certificate[],
  wanted: ReadonlyMap<string, Bytes>,
): Promise<PdfFindings | undefined> {
  const found = await attempt(() => checkPdf(file));
  if (found instanceof LimitError) {
    exam.gaveUp("report.signature", shown, found.message);
    return undefined;
  }
  if (found instanceof FormatError) throw found;
  const levels = found.signatures.map(({ level }) => level).join(", ");
  const problems = problemsOf(shown, found);
  exam.concluded("report.signature", shown, problems, levels);
  const tail: Problem[] =
    found.trailingBytes > 0 ? [[shown, `${found.trailingBytes} bytes follow the signed document`]] : [];
  exam.concluded("report.tail", shown, tail);
  if (problems.length > 0) exam.notChecked("report.root", shown, "the report itself does not hold");
  else if (wanted.size > 0) exam.concluded("report.root", shown, otherAttachments(shown, found, wanted));
  else exam.notChecked("report.root", shown, "the bundle whose lists it ought to carry is not here");
  await checkSigners(exam, found, [...certificates, ...found.store.certificates]);
  return found;
}

function problemsOf(shown: string, found: PdfFindings): Problem[] {
  const problems = found.problems.map((problem): Problem => [shown, problem]);
  if (found.signatures.length === 0 && problems.length === 0) problems.push([shown, "it carries no signature"]);
  if (found.signatures.length > 0 && found.signatures.every(({ level }) => level === "document timestamp")) {
    problems.push([shown, "it carries time stamps and no signature"]);
  }
  for (const { field, problems: wrong } of found.signatures) {
    problems.push(...wrong.map((why): Problem => [`${shown}#${field}`, why]));
  }
  if (problems.length === 0 && !isWholeAndValid(found)) {
    problems.push([shown, "something was appended to the signed document"]);
  }
  return problems;
}

function otherAttachments(shown: string, found: PdfFindings, wanted: ReadonlyMap<string, Bytes>): Problem[] {
  const attached = new Map(found.attachments.map(({ name, sha256 }) => [name, sha256]));
  const problems: Problem[] = [];
  for (const [name, digest] of wanted) {
    const own = attached.get(name);
    if (own !== undefined && equal(own, digest)) continue;
    const said = own === undefined ? "is not there" : `has the digest ${digestText(own)}`;
    problems.push([`${shown}#${name}`, `the attached ${name} ${said}, the bundle's ${digestText(digest)}`]);
  }
  return problems;
}

/** Note who signed, at the earliest trusted time that covers the signature, and what each signature is. */
async function checkSigners(
  exam: Examination,
  found: PdfFindings,
  certificates: readonly Certificate[],
): Promise<void> {
  for (const statement of found.store.statements) {
    if (!exam.statements.some(({ name }) => name === statement.name)) exam.statements.push(statement);
  }
  const times: number[] = [];
  const told: Json[] = [];
  // From the last to the first: a document time stamp covers all signatures before it.
  for (const signature of [...found.signatures].reverse()) {
    const { certificate, stamp } = signature;
    if (!holds(signature) || certificate === undefined) continue;
    const pool = [...certificates, ...signature.embedded];
    const stamped = await trustedTime(exam, signature, pool);
    let at = stamp?.time;
    if (signature.level === "document timestamp") times.push(...stamped);
    else {
      const all = [...times, ...stamped];
      at = all.length > 0 ? Math.min(...all) : undefined;
      await exam.signedBy(certificate, pool, at);
    }
    told.unshift(tell(signature, certificate, (await exam.believe(certificate, pool, at)).trust));
  }
  exam.facts.signatures = told;
}

function tell(signature: SignatureFindings, certificate: Certificate, trust: Trust): Json {
  const { field, level, claimedTime, stamp } = signature;
  return {
    field,
    name: certificate.subject,
    level: level === "document timestamp" ? "time-stamp" : level.replace("PAdES ", ""),
    trust,
    claimed: claimedTime === undefined ? null : utcText(claimedTime),
    stamped: stamp === undefined ? null : utcText(stamp.time),
  };
}

/** Return the time of a signature's stamp if its authority is believed, else nothing. */
async function trustedTime(
  exam: Examination,
  { stamp }: SignatureFindings,
  pool: readonly Certificate[],
): Promise<number[]> {
  if (stamp === undefined) return [];
  exam.facts.report_time_stamp = utcText(stamp.time);
  const trusted = await stampTrusted(exam, stamp.certificate, [...pool, ...stamp.embedded], stamp.time);
  return trusted ? [stamp.time] : [];
}
