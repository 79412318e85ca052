/** The time stamps over heads of the custody log (evidence-format.md, 4.5), and whose they are. */

import { equal } from "../bytes.js";
import { HEAD_TOKEN } from "../case/layout.js";
import type { LogFindings } from "../custody/findings.js";
import { digestText } from "../digest.js";
import { attempt, FormatError } from "../errors.js";
import type { Examination } from "../examination.js";
import { utcText } from "../times.js";
import type { Certificate } from "../trust/certificates.js";
import { readReply } from "../trust/timestamps.js";
import type { CaseFiles } from "./files.js";
import type { Told } from "./told.js";

/** A token that holds over the head after event *seq*. */
export interface StampedHead {
  readonly seq: number;
  /** Ms since 1970. */
  readonly time: number;
  readonly authority: Certificate;
  readonly trusted: boolean;
}

/** Check the time stamps over heads of the *log* and return those that hold. */
export async function readTokens(
  exam: Examination,
  files: CaseFiles,
  log: LogFindings,
  certificates: readonly Certificate[],
): Promise<StampedHead[]> {
  const found: StampedHead[] = [];
  // Each token brings its authority's certificate along: one of them is enough to keep.
  const authorities = new Map<string, Certificate>();
  for (const name of files.names()) {
    const match = HEAD_TOKEN.exec(name);
    if (match === null) continue;
    const seq = Number(match[1]);
    const token = await attempt(async () => {
      if (seq < log.links.length) return readReply(await files.read(name), log.links.at(seq), certificates);
      throw new FormatError(`stamps the head after event ${seq}, but the log ends with event ${log.links.length - 1}`);
    });
    if (token instanceof FormatError) {
      exam.failed("custody.timestamp", files.shown(name), token.message);
      continue;
    }
    const authority = authorities.get(token.certificate.fingerprint) ?? token.certificate;
    authorities.set(authority.fingerprint, authority);
    const trusted = await stampTrusted(exam, authority, certificates, token.time);
    exam.passed("custody.timestamp", files.shown(name), `up to event ${seq}, ${utcText(token.time)}`);
    found.push({ seq, time: token.time, authority, trusted });
  }
  return found;
}

/**
 * Name the tokens that later events name, and that are gone or others: nothing else would miss them.
 *
 * One that stands right after a *withheld* event may be missing: it would tell that event's time.
 */
export async function checkLostTokens(
  exam: Examination,
  files: CaseFiles,
  told: Told,
  withheld: ReadonlySet<number>,
): Promise<void> {
  for (const { name, seq, digest } of told.tokens.values()) {
    const there = files.has(name);
    if (!there && withheld.has(Number(HEAD_TOKEN.exec(name)?.[1]))) continue;
    if (!there) {
      exam.failed("custody.timestamp", files.shown(name), `it is missing; event ${seq} names it`);
      continue;
    }
    const found = await files.digest(name);
    if (equal(found, digest)) continue;
    const why = `its digest is ${digestText(found)}, event ${seq} names ${digestText(digest)}`;
    exam.failed("custody.timestamp", files.shown(name), why);
  }
}

/** Note whether a time-stamping authority leads to a trusted root and stands, once per authority. */
export async function stampTrusted(
  exam: Examination,
  authority: Certificate,
  pool: readonly Certificate[],
  at: number,
): Promise<boolean> {
  const { trust, detail } = await exam.believe(authority, pool, at);
  const stands = await exam.stampStands(authority, pool, at);
  const told = exam.checks.some((check) => check.id === "timestamp.trust" && check.subject === authority.subject);
  if (!told && trust !== "claimed") exam.passed("timestamp.trust", authority.subject, trust);
  else if (!told) exam.notChecked("timestamp.trust", authority.subject, detail);
  return trust !== "claimed" && stands;
}
