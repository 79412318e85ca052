/** The custody log of a case or bundle: events, signatures, time stamps, and what they say about the items. */

import { byCodePoint, type Bytes, equal } from "../bytes.js";
import { shorten } from "../display.js";
import { type JsonObject, same } from "../canonical.js";
import { readInfo } from "../case/info.js";
import { outcomesOf, parseItem } from "../case/items.js";
import { LATER_SEAL, MANIFEST } from "../case/layout.js";
import { REGISTER } from "../case/sealed.js";
import { checkLog } from "../custody/chain.js";
import { type Event, EventType, HALVES, isWithheld, manifestOf } from "../custody/events.js";
import type { LogFindings } from "../custody/findings.js";
import { Lines } from "../custody/log.js";
import { handOverJson } from "../custody/transfers.js";
import type { Withheld } from "../custody/withholding.js";
import { digestText } from "../digest.js";
import { attempt, FormatError } from "../errors.js";
import type { Examination } from "../examination.js";
import type { Json, Problem } from "../models.js";
import { utcText } from "../times.js";
import type { Certificate } from "../trust/certificates.js";
import { begunOtherwise } from "./begun.js";
import { checkBracket } from "./bracket.js";
import { checkDerivedFrom } from "./derived.js";
import type { CaseFiles } from "./files.js";
import { checkLostTokens, readTokens, type StampedHead } from "./head_tokens.js";
import { checkOutside } from "./outside.js";
import { checkTimes } from "./times.js";
import { Told } from "./told.js";

export { stampTrusted } from "./head_tokens.js";

const NO_PAGE = { url: "", final_url: "", http_status: null, recorder: "" } as const;
/** What the type of an event alone says of its item. */
const SAID_BY: ReadonlyMap<string, JsonObject> = new Map<string, JsonObject>([
  [EventType.CAPTURED, { source: "captured" }],
  [EventType.IMPORTED, { source: "supplied", ...NO_PAGE }],
  [EventType.DERIVATION_MADE, { source: "derived", ...NO_PAGE }],
]);

/** What an item's record and the event that committed it both say. */
const COMPARED = (
  "status case source url final_url http_status recorder supplied derived_from address_commitment"
).split(" ");

/** The log as it was found. */
export class History {
  /** The events with a trusted token, ascending, each with the earliest time of it and all later ones. */
  private readonly earliest: readonly (readonly [seq: number, time: number])[];
  /** The event that each item exists by. */
  readonly committed: ReadonlyMap<string, Event>;

  constructor(
    readonly log: LogFindings,
    readonly told: Told,
    readonly tokens: readonly StampedHead[],
  ) {
    const found: [number, number][] = [];
    for (const { seq, time } of tokens.filter((token) => token.trusted).sort((one, other) => other.seq - one.seq)) {
      found.push([seq, Math.min(time, found.at(-1)?.[1] ?? time)]);
    }
    this.earliest = found.reverse();
    this.committed = new Map(told.committed().flatMap((event) => (event.item === null ? [] : [[event.item, event]])));
  }

  /** Return the earliest trusted time that covers event *seq*. */
  trustedTime(seq: number): number | undefined {
    let [low, high] = [0, this.earliest.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.earliest[middle] as readonly [number, number])[0] < seq) low = middle + 1;
      else high = middle;
    }
    return this.earliest[low]?.[1];
  }

  /**
   * Note who answers for what *certificate* signed in or with event *seq*.
   *
   * That is its own officer, unless the key was revoked and no trusted time shows that it signed before it was lost:
   * then it is the officer who revoked it and acknowledged the event, as of that acknowledgement.
   */
  async noteSigner(
    exam: Examination,
    certificate: Certificate,
    seq: number,
    pool: readonly Certificate[],
  ): Promise<void> {
    let [signer, at] = [certificate, seq];
    // One who vouches may be vouched for; a revocation stands after what it acknowledges, so this ends.
    for (let by = this.voucher(signer, at); by !== undefined; by = this.voucher(signer, at)) [signer, at] = by;
    await exam.signedBy(signer, pool, this.trustedTime(at));
  }

  /** Return who answers in place of the key of *certificate* for what it signed in event *seq*, and from when. */
  private voucher(certificate: Certificate, seq: number): [Certificate, number] | undefined {
    const stamped = this.trustedTime(seq);
    const revocation = this.log.keys.revoked.get(certificate.fingerprint);
    if (revocation === undefined || seq > revocation.acknowledged) return undefined;
    if (stamped !== undefined && stamped < revocation.lost) return undefined;
    const by = this.log.signers.get(revocation.by);
    return by === undefined ? undefined : [by, revocation.seq];
  }
}

/** Return the log and its signatures as stored; an empty one, and a failed check, for each that cannot be read. */
export async function readLog(exam: Examination, files: CaseFiles): Promise<readonly [Lines, Lines]> {
  return [await stored(exam, files, "custody.jsonl"), await stored(exam, files, "custody.sig")];
}

async function stored(exam: Examination, files: CaseFiles, name: string): Promise<Lines> {
  const found = await attempt(async () => {
    await files.digest(name); // which reads it from beginning to end
    return files.blob(name);
  });
  if (!(found instanceof FormatError)) return new Lines(found);
  exam.failed("custody.lines", files.shown(name), found.message);
  return new Lines(new Blob([]));
}

/**
 * Check the *stored* log and signatures, time stamps and the case's own record; note who signed.
 *
 * Only the log of a *bundle* may withhold events; *opened* are those that were put back, or might have been.
 */
export async function checkHistory(
  exam: Examination,
  files: CaseFiles,
  certificates: readonly Certificate[],
  stored: readonly [Lines, Lines],
  { bundle, opened }: { readonly bundle: boolean; readonly opened: Withheld },
): Promise<History> {
  const known = new Map(certificates.map((certificate) => [certificate.fingerprint, certificate]));
  const told = new Told();
  const log = await checkLog(...stored, known, bundle, (event) => told.hear(event));
  noteLog(exam, log);
  const tokens = await readTokens(exam, files, log, certificates);
  await checkLostTokens(exam, files, told, new Set([...log.withheld, ...opened.events.keys()]));
  const history = new History(log, told, tokens);
  await checkCaseRecord(exam, files, told);
  await noteSigners(exam, history, certificates);
  noteFacts(exam, history);
  const trusted = tokens.filter((token) => token.trusted).map((token) => [token.seq, token.time] as const);
  checkTimes(exam, log, trusted, files.shown("custody.jsonl"));
  await checkOutside(exam, log, told, bundle);
  return history;
}

function noteLog(exam: Examination, log: LogFindings): void {
  const [passed, detail] = log.passed();
  for (const id of passed) exam.passed(id, "custody.jsonl", detail);
  for (const [id, problems] of log.problems) {
    for (const [subject, why] of problems) exam.failed(id, subject, why);
    exam.unlisted(id, log.unlisted.get(id) ?? 0);
  }
  for (const [id, open] of log.unsettled) for (const [subject, why] of open) exam.notChecked(id, subject, why);
}

/** Note who signed the events, once for each trusted time of those by a key that was never revoked. */
async function noteSigners(exam: Examination, history: History, pool: readonly Certificate[]): Promise<void> {
  const { briefs, signers, keys } = history.log;
  const noted = new Set<string>();
  for (const event of briefs) {
    const certificate = signers.get(event.certificate);
    const use = `${event.certificate} ${history.trustedTime(event.seq)}`;
    if (certificate === undefined || (noted.has(use) && !keys.revoked.has(event.certificate))) continue;
    noted.add(use);
    await history.noteSigner(exam, certificate, event.seq, pool);
  }
}

async function checkCaseRecord(exam: Examination, files: CaseFiles, told: Told): Promise<void> {
  const [subject, { first }] = [files.shown("case.json"), told];
  if (first === undefined || isWithheld(first) || first.type !== EventType.CASE_OPENED) {
    exam.failed("case.record", subject, "the log does not begin with the opening of a case");
    return;
  }
  const read = await attempt(async () => ({
    digest: await files.digest("case.json"),
    number: readInfo(await files.read("case.json")).number,
  }));
  if (read instanceof FormatError) {
    exam.failed("case.record", subject, read.message);
    return;
  }
  const { digest, number } = read;
  const problems: Problem[] = [];
  const wanted = first.digests.get("case.json");
  if (!isDigest(wanted, digest)) {
    problems.push([subject, `its digest is ${digestText(digest)}, the log recorded ${shown(wanted)}`]);
  }
  if (number !== first.case) {
    problems.push([subject, `it calls the case ${shorten(number)}, the log calls it ${shorten(first.case)}`]);
  }
  exam.concluded("case.record", subject, problems);
}

/** Check that each item in *present* was committed with exactly this manifest, and that none is missing. */
export async function checkItems(
  exam: Examination,
  files: CaseFiles,
  history: History,
  present: readonly string[],
): Promise<void> {
  const problems: Problem[] = [];
  const certificates = [...history.log.certificates.values()];
  const begun = history.told.halves.filter((event) => HALVES.has(event.type)).reverse();
  const starts = new Map(begun.map((event) => [event.item, event]));
  for (const item of present) {
    const name = `items/${item}/${MANIFEST}`;
    const found = await attempt(() => files.digest(name));
    const event = history.committed.get(item);
    if (found instanceof FormatError) problems.push([files.shown(name), found.message]);
    else if (event === undefined) {
      problems.push([files.shown(`items/${item}`), "the custody log records no such item"]);
    } else {
      const standing = history.told.sealings.get(item) ?? event;
      const recorded = manifestOf(standing);
      if (!isDigest(recorded, found)) {
        const why = `its digest is ${digestText(found)}, event ${standing.seq} recorded ${shown(recorded)}`;
        problems.push([files.shown(name), why]);
      }
      problems.push(...(await contradictions(files, item, event, standing)));
      const start = starts.get(item);
      if (start !== undefined) {
        problems.push(...(await begunOtherwise(files, item, start, history.told.sealings.has(item))));
      }
      checkDerivedFrom(exam, files, history.committed, item);
      await checkBracket(exam, files, history, item, certificates);
    }
  }
  exam.concluded("custody.items", files.shown("items"), problems, `${present.length} items`);
}

/**
 * Return what the item's own record and its seals say otherwise than the *event* that committed them.
 *
 * *standing* is the event that sealed the item since, or the same one.
 */
async function contradictions(files: CaseFiles, item: string, event: Event, standing: Event): Promise<Problem[]> {
  const problems: Problem[] = [];
  const named: [Event, string][] = [
    [event, `seals/${item}/${MANIFEST}.p7s`],
    [standing, `seals/${item}/${LATER_SEAL}`],
  ];
  if (standing !== event) named.push([standing, `items/${item}/${REGISTER}`]);
  for (const [told, name] of named) {
    if (files.has(name) && !isDigest(told.digests.get(name), await files.digest(name))) {
      problems.push([files.shown(name), `its digest is another than event ${told.seq} recorded`]);
    }
  }
  const name = `items/${item}/item.json`;
  const record = await attempt(async () => parseItem(await files.read(name)));
  if (record instanceof FormatError) return problems; // told by the check of the record itself
  const own = { status: event.outcome, case: event.case, ...SAID_BY.get(event.type) };
  const said: { readonly [key: string]: Json } = { ...event.detail, ...own };
  for (const key of COMPARED) {
    if (!same(record[key] ?? null, said[key] ?? null)) {
      problems.push([files.shown(name), `its ${key} is not the one that event ${event.seq} recorded`]);
    }
  }
  const { replaces, files: count, bytes } = standing.detail;
  const sealing = { replaces: replaces ?? null, files: count ?? null, bytes: bytes ?? null };
  if (!same(record["sealed"] ?? null, standing === event ? null : sealing)) {
    problems.push([files.shown(name), `what it says of its sealing is not what event ${standing.seq} recorded`]);
  }
  return problems;
}

function isDigest(recorded: Bytes | undefined, found: Bytes): boolean {
  return recorded !== undefined && equal(recorded, found);
}

function shown(digest: Bytes | undefined): string {
  return digest === undefined ? "none" : digestText(digest);
}

/**
 * Want everybody who signed anything but *others* to be registered in the log: another valid key is not enough.
 *
 * *sealers* signed the whole after the log had ended, so that their keys must not have been revoked in it.
 */
export function checkRegistered(
  exam: Examination,
  history: History,
  sealers: readonly Certificate[],
  { others }: { readonly others: readonly Certificate[] },
): void {
  if (history.told.first === undefined) return; // told by the checks of the log
  const { keys, signers } = history.log;
  const excused = new Set(others.map((certificate) => certificate.fingerprint));
  for (const { fingerprint, subject } of exam.signerCertificates()) {
    // Of whoever signed an event, its own check tells.
    if (!signers.has(fingerprint) && !excused.has(fingerprint) && !keys.since.has(fingerprint)) {
      exam.failed("custody.keys", subject, "signed here, but its key is not registered in the log");
    }
  }
  for (const { fingerprint, subject } of sealers) {
    if (keys.revoked.has(fingerprint)) {
      exam.failed("custody.keys", subject, "sealed this with a key that was revoked in the log");
    }
  }
}

function noteFacts(exam: Examination, { log, told, tokens }: History): void {
  exam.facts["custody"] = {
    events: log.size,
    withheld: log.withheld.length,
    first: told.began === undefined ? null : utcText(told.began),
    last: told.ended === undefined ? null : utcText(told.ended),
    officers: [...told.officers].sort(byCodePoint),
    head: digestText(log.head),
  };
  const [captures, imports] = [[EventType.CAPTURE_STARTED], [EventType.IMPORT_STARTED]];
  const derivations = [EventType.DERIVATION_STARTED];
  exam.facts["attempts"] = outcomesOf(told.halves, captures, told.sealings);
  exam.facts["supplied"] = outcomesOf(told.halves, imports, told.sealings);
  exam.facts["derived"] = outcomesOf(told.halves, derivations, told.sealings);
  exam.facts["sealing"] = outcomesOf(told.halves, [...captures, ...imports, ...derivations], told.sealings, true);
  exam.facts["transfers"] = [...log.transfers.handOvers.values()].map(handOverJson);
  exam.facts["time_stamps"] = tokens.map(({ seq, time, authority, trusted }) => {
    return { event: seq, time: utcText(time), authority: authority.subject, trusted };
  });
}
