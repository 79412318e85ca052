/**
 * Checks every record of a WARC against its own digests, whoever wrote it.
 *
 * Block and payload are reported apart: a block digest covers the bytes as they lie there, while tools disagree about
 * what a payload is (chunked or not). Bytes of WARC headers are covered by no digest in the file, so a changed header is
 * found only where it breaks the form: the file's own digest must be checked elsewhere.
 */

import { latin1 } from "../bytes.js";
import { shorten } from "../display.js";
import { passing } from "../digest.js";
import { Dechunker, DigestCheck, type DigestOutcome } from "./digest_labels.js";
import type { ReadPiece } from "./gzip_members.js";
import { begin, WarcRecord } from "./warc_records.js";

const PIECE = 64 * 1024;
const EMPTY = new Uint8Array(0);
/** Records, and bytes of them, whose digests are counted while the next ones are read. */
const [MOST_WAITING, MOST_WAITING_BYTES] = [16, 16 * 1024 * 1024] as const;
const CHUNKED = /\n(?:x-archive-orig-|x-orig-)?transfer-encoding:[^\n]*chunked/i;

/** What checking one record gave; damage between records is a finding without type and id. */
export interface RecordFinding {
  /** Byte at which the record, or its gzip member, begins. */
  readonly offset: number;
  readonly recordId: string;
  readonly block: DigestOutcome;
  readonly payload: DigestOutcome;
  /** Whether anything is wrong; a digest that is absent or of an unknown algorithm is not. */
  readonly failed: boolean;
  /** Problems and notes as one English text. */
  readonly detail: string;
  /** The record itself, read to its end. */
  readonly record?: WarcRecord;
}

/** A finding that is not there yet, and how many bytes are held for it. */
interface Waiting {
  readonly finding: Promise<RecordFinding>;
  readonly bytes: number;
}

/**
 * Yield a finding for every record, in order, and one for every damaged stretch in or between them.
 *
 * Raises `FormatError` when the first bytes are no WARC.
 */
export async function* checkWarc(source: Blob | ReadPiece): AsyncGenerator<RecordFinding> {
  const stream = await begin(source instanceof Blob ? reading(source) : source);
  const waiting: Waiting[] = [];
  let reported = 0;
  for (let following = true; following; ) {
    const checked = await checkRecord(await WarcRecord.begin(stream, { check: true }));
    following = checked.following;
    waiting.push(checked);
    for (; reported < stream.problems.length; reported++) {
      const [offset, problem] = stream.problems[reported] as [number, string];
      waiting.push({ finding: Promise.resolve(damage(offset, problem)), bytes: 0 });
    }
    while (waiting.length > MOST_WAITING || waiting.reduce((sum, { bytes }) => sum + bytes, 0) > MOST_WAITING_BYTES) {
      yield await (waiting.shift() as Waiting).finding;
    }
  }
  for (const { finding } of waiting) yield await finding;
}

/** Return what gives a file's bytes from beginning to end; *onPiece* sees the larger pieces in which they are read. */
export function reading(file: Blob, onPiece: (piece: Uint8Array) => void = () => undefined): ReadPiece {
  const source = passing(file);
  let piece: Uint8Array = EMPTY;
  let at = 0;
  return async () => {
    if (at >= piece.length) {
      const next = await source.next();
      if (next.done) return EMPTY;
      piece = next.value;
      at = 0;
      onPiece(piece);
    }
    at += PIECE;
    return piece.subarray(at - PIECE, at);
  };
}

function damage(offset: number, problem: string): RecordFinding {
  return { offset, recordId: "", block: "absent", payload: "absent", failed: true, detail: problem };
}

/** Read the whole *record*; return its finding, when all is counted, and whether another can follow. */
async function checkRecord(record: WarcRecord): Promise<Waiting & { readonly following: boolean }> {
  const notes: string[] = [];
  let label = record.header("WARC-Payload-Digest");
  const elsewhere = label === undefined ? "" : payloadIsElsewhere(record);
  if (elsewhere !== "") {
    notes.push(`its payload digest is that of ${elsewhere}, which is not compared`);
    label = undefined;
  }
  const chunked = label !== undefined && CHUNKED.test(latin1(record.httpHead));
  const dechunker = chunked ? new Dechunker() : undefined;
  const stored = await DigestCheck.of(label ?? null);
  const bare = await DigestCheck.of(chunked ? (label ?? null) : null);
  for (let piece = await record.read(); piece.length > 0; piece = await record.read()) {
    stored.update(piece);
    if (dechunker !== undefined) for (const part of dechunker.feed(piece)) bare.update(part);
  }
  const following = await record.finish();
  const bytes = record.blockDigest.held + stored.held + bare.held;
  return { finding: conclude(record, notes, stored, bare, dechunker), bytes, following };
}

async function conclude(
  record: WarcRecord,
  notes: string[],
  stored: DigestCheck,
  bare: DigestCheck,
  dechunker: Dechunker | undefined,
): Promise<RecordFinding> {
  const block = record.blockDigest;
  await Promise.all([block.finish(), stored.finish(), bare.finish()]);
  let payload = stored.outcome();
  if (payload === "mismatch" && dechunker?.valid) {
    payload = bare.outcome();
    if (payload === "ok") notes.push("its payload digest is that of the body without chunks");
  }
  notes.push(...difference(block, "block", block.outcome()), ...difference(stored, "payload", payload));
  return {
    offset: record.offset,
    recordId: record.recordId,
    block: block.outcome(),
    payload,
    failed: record.problems.length > 0 || [block.outcome(), payload].some(isWrong),
    detail: [...record.problems, ...notes].join("; "),
    record,
  };
}

function isWrong(outcome: DigestOutcome): boolean {
  return outcome === "mismatch" || outcome === "malformed";
}

function payloadIsElsewhere(record: WarcRecord): string {
  if (record.type === "revisit") return "the record it revisits";
  const segmented = record.type === "continuation" || record.header("WARC-Segment-Number") !== undefined;
  return segmented ? "all its segments together" : "";
}

/** Say what a digest that is not right ought to be. */
function difference(digest: DigestCheck, what: string, outcome: DigestOutcome): string[] {
  if (digest.expected === null || outcome === "ok") return [];
  const found = digest.found() === "" ? "" : `, found ${digest.found()}`;
  return [`${what} digest ${outcome}: ${shorten(digest.expected.text, 120)}${found}`];
}
