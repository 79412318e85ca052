/**
 * The rules that only the WARCs of this kit promise to keep (evidence-format.md, 3.1 and 3.2), record by record.
 *
 * What every WARC must be is left to the reader. Here nothing may be missing, stand twice, point nowhere or lie between
 * the records, and the index is exactly the one that can be made from the records.
 */

import { hex } from "../bytes.js";
import { shorten } from "../display.js";
import { type IndexLine, indexLines } from "./cdxj.js";
import { base32 } from "./digest_labels.js";
import { methodOf, statusAndMime } from "./http_facts.js";
import { roleOf } from "./resource_names.js";
import { stripOf } from "./spaces.js";
import type { RecordFinding } from "./warc_reader.js";
import type { WarcRecord } from "./warc_records.js";

const DIGEST = /^sha256:[A-Z2-7]{52}====$/;
/** UTC with milliseconds, of the years that Python counts. */
const DATE = /^(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/;
const TYPES = new Set(["warcinfo", "request", "response", "resource", "metadata"]);
const REPLAYED = new Set(["response", "resource", "revisit"]);
const POINTER = "WARC-Concurrent-To";

/** A `resource` record: something that was made or observed by the kit. */
export interface Resource {
  /** What kind of thing it says that it is: `dom` of `urn:evidence-kit:dom:https://…`, or nothing. */
  readonly role: string;
  /** The digest of its block as 64 hexadecimal digits, or nothing if it has none. */
  readonly sha256: string;
}

/** What is remembered of a record until its counterpart, or all of them, were seen. */
interface Seen {
  readonly offset: number;
  readonly type: string;
  readonly url: string;
  readonly date: string;
  readonly method: string;
  readonly pointsTo: string;
}

/** Looks at the findings about one WARC, in order. */
export class OwnWarc {
  /** Every resource record so far. */
  readonly resources: Resource[] = [];
  /** Every WARC-Page-ID so far. */
  readonly pageIds = new Set<string>();
  /** The ids of all records, and what is remembered of those that are not one of a pair, by their ids. */
  private readonly ids = new Set<string>();
  private readonly open = new Map<string, Seen>();
  /** Of pairs: the methods other than GET, by the ids of request and response. */
  private readonly asked = new Map<string, string>();
  private readonly answered = new Map<string, string>();
  /** As JSON: what is cut out of a record's head would keep all of it in memory. */
  private readonly lines: string[] = [];
  private warcinfo: string | undefined;
  private end = 0;

  /** Return which rules the record of *finding* breaks, in English; damage is left to the reader. */
  problems({ record }: RecordFinding): string[] {
    if (record === undefined) return [];
    const found = [...this.form(record), ...this.place(record), ...digests(record)];
    this.remember(record);
    return found;
  }

  /** Yield offset and problem of what shows only at the end of a WARC of *size* bytes. */
  *conclude(size: number): Generator<readonly [offset: number, problem: string]> {
    if (this.end !== size) yield [this.end, `${size - this.end} bytes follow the last record`];
    for (const [recordId, seen] of this.open) {
      const there = this.ids.has(seen.pointsTo);
      // Whatever is one of a pair belongs to the other one of it, and to nothing else.
      const target = this.open.get(seen.pointsTo);
      const paired = target !== undefined && areOne(recordId, seen, target);
      if (seen.pointsTo !== "" && !there) {
        yield [seen.offset, `it belongs to the record ${shorten(seen.pointsTo)}, which is not there`];
      } else if (seen.type === "response" && !paired) {
        yield [seen.offset, "it has no request of its own"];
      } else if (seen.type === "request" && there && !paired) {
        yield [seen.offset, "the response that it names is not its own"];
      }
    }
  }

  /** Return the lines of the index of the records, in which *filename* is the name of their WARC. */
  index(filename: string): string[] {
    return indexLines(this.indexed(), filename);
  }

  private *indexed(): Generator<IndexLine> {
    for (const line of this.lines) {
      const [recordId, found] = JSON.parse(line) as [string, IndexLine];
      yield { ...found, method: this.methodOf(recordId) };
    }
  }

  /** Return the method of the request that a response answers. */
  private methodOf(recordId: string): string {
    const seen = this.open.get(recordId);
    if (seen === undefined) return this.answered.get(recordId) ?? "GET";
    if (seen.type !== "response") return "GET";
    return this.open.get(seen.pointsTo)?.method || (this.asked.get(seen.pointsTo) ?? "GET");
  }

  private *form(record: WarcRecord): Generator<string> {
    if (record.version !== "WARC/1.1") yield `its version is ${shorten(record.version)}, not WARC/1.1`;
    if (!record.compressed) yield "it is no gzip member";
    if (!TYPES.has(record.type)) yield `the kit writes no ${shorten(record.type, 40)} records`;
    if (this.ids.has(record.recordId)) yield "another record has the same id";
    const pointers = record.headers.filter(([name]) => name.toLowerCase() === POINTER.toLowerCase());
    if (pointers.length > 1) yield `${POINTER} stands more than once`;
    if (isHttp(record.type) && record.httpHead.length === 0) yield "it holds no HTTP message";
    if (timestampOf(record) === undefined) yield "its WARC-Date is not in UTC with milliseconds";
  }

  private *place(record: WarcRecord): Generator<string> {
    if (record.offset !== this.end) yield `the ${record.offset - this.end} bytes before it belong to no record`;
    if ((this.warcinfo === undefined) !== (record.type === "warcinfo")) {
      yield "the warcinfo record is not the first and only one";
    } else if (this.warcinfo !== undefined && record.header("WARC-Warcinfo-ID") !== `<${this.warcinfo}>`) {
      yield "it does not name the warcinfo record of its file";
    }
  }

  private remember(record: WarcRecord): void {
    this.end = record.offset + record.length;
    this.warcinfo ??= record.recordId;
    const seen: Seen = {
      offset: record.offset,
      type: record.type,
      url: record.header("WARC-Target-URI") ?? "",
      date: record.header("WARC-Date") ?? "",
      method: record.type === "request" ? methodOf(record.httpHead) : "",
      pointsTo: stripOf(record.header(POINTER) ?? "", "<>"),
    };
    if (!this.ids.has(record.recordId)) this.open.set(record.recordId, seen);
    // A copy, which keeps nothing else in memory.
    this.ids.add(JSON.parse(JSON.stringify(record.recordId)) as string);
    this.close(record.recordId, seen);
    const pageId = record.header("WARC-Page-ID");
    if (pageId !== undefined) this.pageIds.add(pageId);
    if (record.type === "resource") {
      const digest = record.header("WARC-Block-Digest") ?? "";
      const sha256 = DIGEST.test(digest) ? hex(base32(digest.slice(7, -4))) : "";
      this.resources.push({ role: roleOf(seen.url), sha256 });
    }
    const timestamp = timestampOf(record);
    if (timestamp !== undefined && REPLAYED.has(record.type)) {
      this.lines.push(JSON.stringify([record.recordId, lineOf(record, seen.url, timestamp)]));
    }
  }

  /** Forget a record and its counterpart, of which no more is to be said, but for their ids and the method. */
  private close(recordId: string, seen: Seen): void {
    const other = this.open.get(seen.pointsTo);
    if (this.open.get(recordId) !== seen || other === undefined || !areOne(recordId, seen, other)) return;
    this.open.delete(recordId);
    this.open.delete(seen.pointsTo);
    const asks = seen.type === "request";
    const { method } = asks ? seen : other;
    if (method === "" || method === "GET") return;
    this.asked.set(asks ? recordId : seen.pointsTo, method);
    this.answered.set(asks ? seen.pointsTo : recordId, method);
  }
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
export function* indexProblems(expected: readonly string[], found: string): Generator<string> {
  const left = counted(found.split("\n"));
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

function lineOf(record: WarcRecord, url: string, timestamp: string): IndexLine {
  const [status, mime] = statusAndMime(record.httpHead, record.header("Content-Type") ?? "");
  const digest = record.header(record.httpHead.length > 0 ? "WARC-Payload-Digest" : "WARC-Block-Digest") ?? "";
  const { offset, length } = record;
  return { url, timestamp, offset, length, mime, status, digest, method: "GET" };
}

function* digests(record: WarcRecord): Generator<string> {
  for (const name of ["WARC-Block-Digest", ...(isHttp(record.type) ? ["WARC-Payload-Digest"] : [])]) {
    if (!DIGEST.test(record.header(name) ?? "")) yield `its ${name} is no SHA-256 in base32`;
  }
}

function isHttp(type: string): boolean {
  return type === "request" || type === "response";
}

/** Return whether two records are request and response of one exchange. */
function areOne(recordId: string, seen: Seen, other: Seen): boolean {
  const both = isHttp(seen.type) && isHttp(other.type) && seen.type !== other.type;
  return both && other.pointsTo === recordId && seen.url === other.url && seen.date === other.date;
}

/** Return when a record was made as an index has it, or undefined when it has no such date. */
function timestampOf(record: WarcRecord): string | undefined {
  const text = record.header("WARC-Date") ?? "";
  const time = DATE.test(text) ? Date.parse(text) : Number.NaN;
  // A day or hour that there is not is none, or counts as the one it would be.
  if (Number.isNaN(time) || new Date(time).toISOString() !== text) return undefined;
  return Number(text.slice(0, 4)) + text.slice(4, 19).replace(/[-:T]/g, "");
}
