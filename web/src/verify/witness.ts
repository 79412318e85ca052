/**
 * What a witness signed of an item's connections, against the item's own account of them.
 *
 * What that proves, and what not, stands in docs/security-model.md.
 */

import { isObject } from "../canonical.js";
import { shorten } from "../display.js";
import { attempt, FormatError } from "../errors.js";
import type { Examination } from "../examination.js";
import type { Json } from "../models.js";
import { utcText } from "../times.js";
import { Certificate } from "../trust/certificates.js";
import { certificatesInside, readReply } from "../trust/timestamps.js";
import { type Line, readLine } from "../wire/account_form.js";
import {
  CERTIFICATES,
  CLOSED,
  checkStatements,
  compare,
  LINES,
  linkOf,
  readCertificates,
  readStatements,
  SIGNATURES,
  type Statement,
  TOKEN,
  type Witnessed,
} from "../wire/witness/statements.js";
import { NAME as CONNECTIONS, counted, linesOf, numbered } from "./connections.js";
import type { CaseFiles } from "./files.js";
import { stampTrusted } from "./head_tokens.js";

const CHECK = "witness.signature";
/** The code of a problem in an item whose capture found the witness's word wrong itself. */
const REFUTED = "witness.refuted";
/** The code of the flag of an item whose capture went through a witness. */
const ASKED = "witness";
const LONGEST_DETAIL = 300;
const LINE_FEED = 10;
const MEANING =
  "another body signed the digests of these encrypted bytes when they passed. Whoever has the session's secrets " +
  "could have written other content only by breaking TLS as well, or with the witness's help";

type Item = { readonly [key: string]: Json };

/**
 * Check the witness's statements in the item's *folder*, if there are any or there should be; *record* is the item's.
 */
export async function checkWitness(exam: Examination, files: CaseFiles, folder: string, record: Item): Promise<void> {
  const shown = files.shown(folder + LINES);
  if (!files.has(folder + LINES)) {
    const why = "the capture was to go through a witness, and nothing signed by it is here";
    if (hasCode(record.flags, ASKED)) exam.notChecked(CHECK, shown, why);
    return;
  }
  const refute = (subject: string, detail: string) => refuted(exam, subject, record, detail);
  const read = await attempt(() => readAll(files, folder));
  if (read instanceof FormatError) return refute(shown, read.message);
  const { statements, certificates, wrong, found } = read;
  const failed = found.filter(({ outcome }) => outcome === "failed");
  for (const detail of wrong) refute(shown, detail);
  for (const { connection, detail } of failed) refute(`${files.shown(folder + CONNECTIONS)}#${connection}`, detail);
  tellGaps(exam, shown, found);
  if (wrong.length > 0 || failed.length > 0) return;
  const count = found.filter(({ outcome }) => outcome === "passed").length;
  const signer = certificates[0] as Certificate;
  exam.passed(CHECK, shown, `${signer.subject}: ${counted(count)}: ${MEANING}`);
  await judge(exam, files, folder, statements, signer, certificates);
}

/** What stands in the witness's files, and what is found in them. */
interface Witness {
  readonly statements: readonly Statement[];
  readonly certificates: readonly Certificate[];
  readonly wrong: readonly string[];
  readonly found: readonly Witnessed[];
}

/** Read the witness's files and compare them with the account; raises `FormatError`. */
async function readAll(files: CaseFiles, folder: string): Promise<Witness> {
  const statements = readStatements(await files.read(folder + LINES), await files.read(folder + SIGNATURES));
  const certificates = readCertificates(await files.read(folder + CERTIFICATES));
  const wrong: string[] = [];
  for await (const detail of checkStatements(statements, certificates[0] as Certificate)) wrong.push(detail);
  const found: Witnessed[] = [];
  for await (const each of compare(statements, accountOf(files, folder + CONNECTIONS))) found.push(each);
  return { statements, certificates, wrong, found };
}

/** Yield the lines about connections, one at a time, for there may be many; raises `FormatError`. */
async function* accountOf(files: CaseFiles, name: string): AsyncGenerator<Line> {
  try {
    let first = true;
    for await (const line of linesOf(files.blob(name))) {
      if (!first) yield readLine(line[line.length - 1] === LINE_FEED ? line.subarray(0, -1) : line);
      first = false;
    }
  } catch (error) {
    throw error instanceof FormatError ? new FormatError(`${CONNECTIONS}: ${error.message}`) : error;
  }
}

function refuted(exam: Examination, subject: string, record: Item, detail: string): void {
  const shown = shorten(detail, LONGEST_DETAIL);
  // A witness that lies must not make the evidence look altered; it is no witness then.
  if (hasCode(record.problems, REFUTED)) {
    exam.notChecked(CHECK, subject, `the capture itself found the witness's word wrong: ${shown}`);
  } else {
    exam.failed(CHECK, subject, shown);
  }
}

/** Note what could not be compared, once for each reason. */
function tellGaps(exam: Examination, shown: string, found: readonly Witnessed[]): void {
  const gaps = new Map<string, number[]>();
  for (const { connection, outcome, detail } of found) {
    if (outcome !== "not-checked") continue;
    const numbers = gaps.get(detail) ?? [];
    gaps.set(detail, numbers);
    if (connection !== null) numbers.push(connection);
  }
  for (const [detail, numbers] of gaps) {
    exam.notChecked(CHECK, shown, `${numbered(numbers)}${shorten(detail, LONGEST_DETAIL)}`);
  }
}

/** Note whether the witness's name may be believed, and when it was stamped. */
async function judge(
  exam: Examination,
  files: CaseFiles,
  folder: string,
  statements: readonly Statement[],
  signer: Certificate,
  certificates: readonly Certificate[],
): Promise<void> {
  const last = statements[statements.length - 1] as Statement;
  const stamped = files.has(folder + TOKEN) && last.value.type === CLOSED;
  const at = stamped ? await checkToken(exam, files, folder + TOKEN, last) : undefined;
  const judgement = await exam.believe(signer, certificates, at);
  if (judgement.trust === "claimed") exam.notChecked("witness.trust", signer.subject, judgement.detail);
  else exam.passed("witness.trust", signer.subject, judgement.trust);
}

/** Check the token over the end of the session; return its time if its authority is believed. */
async function checkToken(
  exam: Examination,
  files: CaseFiles,
  name: string,
  last: Statement,
): Promise<number | undefined> {
  const subject = files.shown(name);
  const read = await attempt(async () => {
    const reply = await files.read(name);
    const pool = certificatesInside(reply).map((der) => new Certificate(der.slice()));
    return { pool, token: await readReply(reply, linkOf(last), pool) };
  });
  if (read instanceof FormatError) {
    exam.failed("witness.timestamp", subject, read.message);
    return undefined;
  }
  const { token, pool } = read;
  exam.passed("witness.timestamp", subject, utcText(token.time));
  return (await stampTrusted(exam, token.certificate, pool, token.time)) ? token.time : undefined;
}

/** Whether one of the *entries* of an item's list has the *code*. */
function hasCode(entries: Json | undefined, code: string): boolean {
  return Array.isArray(entries) && entries.some((each) => isObject(each) && each.code === code);
}
