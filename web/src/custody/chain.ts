/**
 * Check a custody log: every line, every link, every signature; name the smallest event that is wrong
 * (evidence-format.md, 4.6).
 *
 * A withheld line takes part in the chain by its digests and is counted; its signature cannot be checked. The log is
 * gone through line by line. Of every event a few numbers are remembered; whoever wants more hears of it on the way.
 */

import { type Bytes, equal } from "../bytes.js";
import { shorten } from "../display.js";
import { whole } from "../canonical.js";
import { digestText, sha256 } from "../digest.js";
import { FormatError } from "../errors.js";
import type { Certificate } from "../trust/certificates.js";
import { ENDS, type Event, EventType, HALVES, isWithheld, manifestOf, readLine, type WithheldEvent } from "./events.js";
import { LogFindings } from "./findings.js";
import { decodeSignature, isDash, type Lines, nextLink } from "./log.js";
import { readAcknowledged } from "./register.js";
import { wanting } from "./requirements.js";
import { checkSignature, type SignatureFinding } from "./signatures.js";

/** Without them nobody can tell who may sign. */
const NEVER_WITHHELD: readonly string[] = [EventType.KEY_REGISTERED, EventType.KEY_REVOKED];
const OF_SUBJECTS: readonly string[] = [EventType.SUBJECT_ATTACHED, EventType.SUBJECT_DETACHED];
/** Signatures that are checked at a time. */
const AT_ONCE = 64;

/** Hears of every event that can be read, in the order of the log. */
export type OnEvent = (event: Event | WithheldEvent) => void;

/** What was seen of a log so far, as far as its order goes. */
interface Seen {
  readonly withholding: boolean;
  readonly numbers: Set<number>;
  /** Items, and the type of event that ends each. */
  readonly started: Map<string, string>;
  /** Of the items that were ended: as they ended. */
  readonly manifests: Map<string, Bytes | undefined>;
  readonly sealed: Set<string>;
}

/**
 * Check `custody.jsonl` and `custody.sig` against *certificates* (by fingerprint).
 *
 * Only a bundle's copy may withhold events: *withholding*.
 */
export async function checkLog(
  log: Lines,
  signatures: Lines,
  certificates: ReadonlyMap<string, Certificate>,
  withholding: boolean,
  onEvent: OnEvent,
): Promise<LogFindings> {
  const findings = new LogFindings(certificates);
  const seen: Seen = { withholding, numbers: new Set(), started: new Map(), manifests: new Map(), sealed: new Set() };
  const signatureLines = signatures[Symbol.asyncIterator]();
  let waiting: Promise<SignatureFinding>[] = [];
  let [count, signatureCount] = [0, 0];
  for await (const line of log) {
    count += 1;
    const next = await signatureLines.next();
    if (!next.done) signatureCount += 1;
    const entry = checkEntry(findings, count, line, next.done ? new Uint8Array() : next.value);
    if (entry === null) continue;
    checkEvent(findings, count, entry.event, seen);
    onEvent(entry.event);
    if (!isWithheld(entry.event)) waiting.push(signatureOf(findings, count, entry.event, entry.line, entry.signature));
    if (waiting.length >= AT_ONCE) {
      await noteSignatures(findings, waiting);
      waiting = [];
    }
  }
  await noteSignatures(findings, waiting);
  while (!(await signatureLines.next()).done) signatureCount += 1;
  if (count !== signatureCount) {
    const detail = `${count} lines in custody.jsonl, ${signatureCount} in custody.sig`;
    findings.wrong("custody.lines", "custody.sig", detail);
  }
  if (count === 0) findings.wrong("custody.lines", "custody.jsonl", "the log is empty");
  conclude(findings);
  return findings;
}

/** One line that could be read, with the digest of its bytes and its signature (none if it is withheld). */
interface Entry {
  readonly event: Event | WithheldEvent;
  readonly line: Bytes;
  readonly signature: Bytes;
}

/** Read line *number* and bind it into the chain; null, and a problem, if it cannot be read. */
function checkEntry(findings: LogFindings, number: number, line: Bytes, signatureLine: Bytes): Entry | null {
  const [subject, digest] = [`event ${number}`, sha256(line)];
  let event: Event | WithheldEvent;
  let signature: Bytes = new Uint8Array();
  try {
    event = readLine(line);
    if (!isWithheld(event)) signature = decodeSignature(signatureLine);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    findings.wrong("custody.lines", subject, error.message);
    // The chain goes on over the stored bytes, so that one bad line is not reported as many.
    findings.links.append(nextLink(findings.head, digest, signatureDigest(signatureLine)));
    return null;
  }
  if (isWithheld(event)) {
    const dash = isDash(signatureLine);
    if (!dash) findings.wrong("custody.lines", subject, "a withheld event's signature line must be '-'");
    findings.links.append(nextLink(findings.head, event.line, event.signature));
  } else {
    checkBinding(findings, subject, event);
    findings.links.append(nextLink(findings.head, digest, sha256(signature)));
  }
  return { event, line: digest, signature };
}

function signatureDigest(signatureLine: Bytes): Bytes {
  try {
    return sha256(decodeSignature(signatureLine));
  } catch (error) {
    if (error instanceof FormatError) return sha256(signatureLine);
    throw error;
  }
}

function checkBinding(findings: LogFindings, subject: string, event: Event): void {
  if (!equal(event.previous, findings.head)) {
    const [claimed, found] = [digestText(event.previous), digestText(findings.head)];
    findings.wrong("custody.chain", subject, `follows ${claimed}, but the line before gives ${found}`);
  }
  findings.case ||= event.case;
  if (event.case !== findings.case) {
    const detail = `belongs to another case: ${shorten(event.case)}, not ${shorten(findings.case)}`;
    findings.wrong("custody.lines", subject, detail);
  }
}

async function signatureOf(
  findings: LogFindings,
  seq: number,
  event: Event,
  line: Bytes,
  signature: Bytes,
): Promise<SignatureFinding> {
  const certificate = findings.certificates.get(event.certificate) ?? event.certificate;
  return checkSignature({ seq, certificate, time: event.time, line, signature });
}

async function noteSignatures(findings: LogFindings, waiting: readonly Promise<SignatureFinding>[]): Promise<void> {
  for (const { seq, signer, problem } of await Promise.all(waiting)) {
    if (problem !== "") findings.wrong("custody.signatures", `event ${seq}`, problem);
    if (signer !== null) findings.signers.set(signer.fingerprint, signer);
  }
}

/** Hold the *event* of line *number* against those before it. */
function checkEvent(findings: LogFindings, number: number, event: Event | WithheldEvent, seen: Seen): void {
  checkNumber(findings, number, event.seq, seen.numbers);
  if (isWithheld(event)) {
    findings.withheld.push(event.seq);
    if (!seen.withholding || event.seq === 1 || NEVER_WITHHELD.includes(event.type)) {
      findings.wrong("custody.lines", `event ${event.seq}`, "this event may not be withheld here");
    }
  } else {
    findings.briefs.append(number, event);
    checkOrder(findings, event, seen);
    checkDetails(findings, event);
  }
  checkCustody(findings, event);
}

function checkNumber(findings: LogFindings, number: number, seq: number, before: Set<number>): void {
  if (before.has(seq)) findings.wrong("custody.fork", `event ${seq}`, `stands again in line ${number}`);
  else if (seq !== number) findings.wrong("custody.lines", `event ${number}`, `calls itself number ${seq}`);
  before.add(seq);
}

/** Want the opening of the case first and once, and every item begun once and ended once, as it was begun. */
function checkOrder(findings: LogFindings, event: Event, seen: Seen): void {
  const item = event.item ?? "";
  const wrong = (detail: string) => findings.wrong("custody.order", `event ${event.seq}`, detail);
  if ((event.type === EventType.CASE_OPENED) !== (event.seq === 1)) {
    wrong("a case is opened by its first event, and by no other");
  }
  if (event.type === EventType.CASE_OPENED && whole(event.detail["format"]) !== 1) wrong("the case is not of format 1");
  const end = HALVES.get(event.type);
  if (end !== undefined) {
    if (event.item === null || seen.started.has(item)) wrong(`the item ${event.item} is not a new one`);
    if (!seen.started.has(item)) seen.started.set(item, end);
  }
  if (ENDS.has(event.type)) {
    if (seen.started.get(item) !== event.type || seen.manifests.has(item)) {
      wrong(`the item ${event.item} was not begun so, or ended before`);
    }
    if (!seen.manifests.has(item)) seen.manifests.set(item, manifestOf(event));
  }
  if (event.type === EventType.ITEM_SEALED) {
    const had = seen.manifests.get(item);
    if (!seen.manifests.has(item) || seen.sealed.has(item)) {
      wrong(`there was no item ${event.item} to seal, or it was sealed before`);
    } else if (had === undefined || digestText(had) !== event.detail["replaces"]) {
      wrong(`it replaces another manifest than ${event.item} had`);
    }
    seen.sealed.add(item);
  }
  if (OF_SUBJECTS.includes(event.type) && !seen.started.has(item)) wrong(`the item ${event.item} was not begun`);
}

function checkDetails(findings: LogFindings, event: Event): void {
  const missing = wanting(event);
  if (missing.length > 0) findings.wrong("custody.details", `event ${event.seq}`, `it lacks ${missing.join(", ")}`);
  const corrected = whole(event.detail["corrects"]);
  if (event.type !== EventType.CORRECTED || corrected === undefined) return;
  if (!(corrected >= 1 && corrected < event.seq)) {
    const detail = `it corrects event ${corrected}, which does not stand before it`;
    findings.wrong("custody.details", `event ${event.seq}`, detail);
  }
}

/** Follow keys and hand-overs through the log. */
function checkCustody(findings: LogFindings, event: Event | WithheldEvent): void {
  const { keys, links } = findings;
  const subject = `event ${event.seq}`;
  const revoked = keys.revoked.size;
  const refusal = keys.follow(event);
  if (refusal !== null) findings.wrong("custody.keys", subject, refusal);
  if (!isWithheld(event) && keys.revoked.size > revoked) {
    const { seq, link } = readAcknowledged(event.detail);
    if (seq < links.length && !equal(link, links.at(seq))) {
      const [told, found] = [digestText(link), digestText(links.at(seq))];
      const detail = `it acknowledges event ${seq} with the link ${told}, which is ${found}`;
      findings.wrong("custody.keys", subject, detail);
    }
  }
  for (const problem of findings.transfers.follow(event, links)) findings.wrong("custody.transfers", subject, problem);
  const unfit = findings.unsealings.follow(event, findings.head, keys);
  if (unfit !== "") findings.wrong("custody.unsealed", subject, unfit);
}

/** Say what shows only at the end of the log. */
function conclude(findings: LogFindings): void {
  const { keys, transfers } = findings;
  if (keys.revoked.size > 0) checkDisowned(findings);
  for (const seq of keys.unproven) {
    findings.unsettle("custody.keys", `event ${seq}`, "the hand-over by which its key was let in is withheld");
  }
  for (const seq of transfers.unproven) {
    findings.unsettle("custody.transfers", `event ${seq}`, "the giver's half of this hand-over is withheld");
  }
  for (const seq of findings.unsealings.unproven) {
    findings.unsettle("custody.unsealed", `event ${seq}`, "the request that it names is withheld");
  }
  for (const { released, received, state, item, to } of transfers.handOvers.values()) {
    if (state === "open") {
      const detail = `open: nobody has signed for ${item} yet, which was to go to ${shorten(to.name)}`;
      findings.unsettle("custody.transfers", `event ${released}`, detail);
    }
    if (state === "failed" && received !== null) {
      const detail = `event ${received} found ${item} to be other than it was handed over`;
      findings.unsettle("custody.transfers", `event ${released}`, detail);
    }
  }
}

/** Name the events that a revocation did not acknowledge. */
function checkDisowned(findings: LogFindings): void {
  for (const { seq, certificate } of findings.briefs) {
    const revocation = findings.keys.revoked.get(certificate);
    if (revocation === undefined || !(revocation.acknowledged < seq && seq < revocation.seq)) continue;
    const by = `disowned by event ${revocation.seq}, which revoked its key`;
    const detail = `${by} and acknowledges no more than event ${revocation.acknowledged}`;
    findings.wrong("custody.keys", `event ${seq}`, detail);
  }
}
