/** The index of our own WARCs (evidence-format.md, 3.2): made of the records, and held against the one there. */

import { type Bytes, compare, concat } from "../bytes.js";
import { passing } from "../digest.js";
import { shorten } from "../display.js";
import { type IndexLine, indexLines } from "./cdxj.js";
import { methodOf, statusAndMime } from "./http_facts.js";
import type { LineSum } from "./line_sum.js";
import { stripOf } from "./spaces.js";
import type { WarcRecord } from "./warc_records.js";

/** UTC with milliseconds, of the years that Python counts. */
const DATE = /^(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/;
const REPLAYED = new Set(["response", "resource", "revisit"]);
const POINTER = "WARC-Concurrent-To";
const LINE_FEED = 10;

/** What makes the line of a response: the method is that of its request. */
interface Seen {
  readonly type: string;
  readonly method: string;
  readonly pointsTo: string;
}

/** Makes the whole index, whatever the records are like, and keeps all of it: for a WARC that breaks the rules. */
export class RecordIndex {
  private readonly seen = new Map<string, Seen>();
  private readonly lines: (readonly [recordId: string, line: IndexLine])[] = [];

  add(record: WarcRecord): void {
    const { recordId, type } = record;
    const method = type === "request" ? methodOf(record.httpHead) : "";
    if (!this.seen.has(recordId)) this.seen.set(recordId, { type, method, pointsTo: pointerOf(record) });
    const line = lineOf(record);
    if (line !== undefined) this.lines.push([recordId, line]);
  }

  /** Return its lines, in which *filename* is the name of the WARC. */
  texts(filename: string): string[] {
    const whole = this.lines.map(([recordId, line]) => ({ ...line, method: this.methodOf(recordId) }));
    return indexLines(whole, filename);
  }

  private methodOf(recordId: string): string {
    const seen = this.seen.get(recordId);
    return (seen?.type === "response" && this.seen.get(seen.pointsTo)?.method) || "GET";
  }
}

/** Return the id of the record to which *record* says that it belongs, or nothing. */
export function pointerOf(record: WarcRecord): string {
  return stripOf(record.header(POINTER) ?? "", "<>");
}

/** Return the line of a record with GET as its method, undefined if it cannot be replayed. */
export function lineOf(record: WarcRecord): IndexLine | undefined {
  const timestamp = timestampOf(record);
  if (timestamp === undefined || !REPLAYED.has(record.type)) return undefined;
  const [status, mime] = statusAndMime(record.httpHead, record.header("Content-Type") ?? "");
  const digest = record.header(record.httpHead.length > 0 ? "WARC-Payload-Digest" : "WARC-Block-Digest") ?? "";
  const { offset, length } = record;
  const url = record.header("WARC-Target-URI") ?? "";
  return { url, timestamp, offset, length, mime, status, digest, method: "GET" };
}

/** Return when a record was made as an index has it, or undefined when it has no such date. */
export function timestampOf(record: WarcRecord): string | undefined {
  const text = record.header("WARC-Date") ?? "";
  const time = DATE.test(text) ? Date.parse(text) : Number.NaN;
  // A day or hour that there is not is none, or counts as the one it would be.
  if (Number.isNaN(time) || new Date(time).toISOString() !== text) return undefined;
  return Number(text.slice(0, 4)) + text.slice(4, 19).replace(/[-:T]/g, "");
}

/** Return whether an index consists of the lines of *expected*, in order; raises `FormatError` when it cannot be read. */
export async function isIndexOf(expected: LineSum, index: Blob): Promise<boolean> {
  if (index.size !== expected.bytes) return false;
  const found = expected.another();
  let before = new Uint8Array(0);
  let rest = new Uint8Array(0);
  for await (const piece of passing(index)) {
    const data = concat(rest, piece);
    let at = 0;
    for (let feed = data.indexOf(LINE_FEED); feed >= 0; feed = data.indexOf(LINE_FEED, at)) {
      const line = data.subarray(at, feed + 1);
      if (compare(before, line) > 0) return false;
      found.add(line);
      before = line;
      at = feed + 1;
    }
    rest = data.subarray(at);
    if (rest.length > expected.longest) return false;
  }
  return rest.length === 0 && found.equals(expected);
}

/** Return whether an index is nothing but *expected*, line by line. */
export function isIndex(expected: readonly string[], found: Uint8Array): boolean {
  let at = 0;
  for (const line of expected) {
    for (let place = 0; place < line.length; place++) if (line.charCodeAt(place) !== found[at + place]) return false;
    at += line.length;
  }
  return at === found.length;
}

/** Yield how the index *found* departs from the one that was made of the records. */
export function* indexProblems(expected: readonly string[], found: Bytes): Generator<string> {
  const left = counted(new TextDecoder("utf-8", { ignoreBOM: true }).decode(found).split("\n"));
  const wanted = counted(expected.join("").split("\n"));
  let same = true;
  for (const [line, count] of wanted) {
    const more = (left.get(line) ?? 0) - count;
    if (more < 0) yield `it lacks the line of a record: ${shorten(line, 300)}`;
    same &&= more === 0;
  }
  for (const [line, count] of left) {
    if (count <= (wanted.get(line) ?? 0)) continue;
    same = false;
    yield `it has a line that is of no record: ${shorten(line, 300)}`;
  }
  if (same) yield "its lines are not in order";
}

function counted(lines: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of lines) found.set(line, (found.get(line) ?? 0) + 1);
  return found;
}
