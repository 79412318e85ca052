/**
 * The rules that only the WARCs of this kit promise to keep (evidence-format.md, 3.1 and 3.2), record by record.
 *
 * What every WARC must be is left to the reader. Here nothing may be missing, stand twice, point nowhere or lie between
 * the records, and the index is exactly the one that can be made from the records.
 */

import { hex } from "../bytes.js";
import { shorten } from "../display.js";
import { type IndexLine, indexText } from "./cdxj.js";
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

/** What is remembered of a record until all of them were seen. */
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
  private readonly seen = new Map<string, Seen>();
  private readonly lines: (IndexLine & { readonly recordId: string })[] = [];
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
    for (const [recordId, seen] of this.seen) {
      const target = this.seen.get(seen.pointsTo);
      const paired = target !== undefined && areOne(recordId, seen, target);
      if (seen.pointsTo !== "" && target === undefined) {
        yield [seen.offset, `it belongs to the record ${shorten(seen.pointsTo)}, which is not there`];
      } else if (seen.type === "response" && !paired) {
        yield [seen.offset, "it has no request of its own"];
      } else if (seen.type === "request" && target !== undefined && !paired) {
        yield [seen.offset, "the response that it names is not its own"];
      }
    }
  }

  /** Return the index of the records, in which *filename* is the name of their WARC. */
  index(filename: string): string {
    return indexText(
      this.lines.map((line) => ({ ...line, method: this.methodOf(line.recordId) })),
      filename,
    );
  }

  /** Return the method of the request that a response answers. */
  private methodOf(recordId: string): string {
    const seen = this.seen.get(recordId);
    const request = seen?.type === "response" ? this.seen.get(seen.pointsTo) : undefined;
    return request?.method || "GET";
  }

  private *form(record: WarcRecord): Generator<string> {
    if (record.version !== "WARC/1.1") yield `its version is ${shorten(record.version)}, not WARC/1.1`;
    if (!record.compressed) yield "it is no gzip member";
    if (!TYPES.has(record.type)) yield `the kit writes no ${shorten(record.type, 40)} records`;
    if (this.seen.has(record.recordId)) yield "another record has the same id";
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
    if (!this.seen.has(record.recordId)) this.seen.set(record.recordId, seen);
    const pageId = record.header("WARC-Page-ID");
    if (pageId !== undefined) this.pageIds.add(pageId);
    if (record.type === "resource") {
      const digest = record.header("WARC-Block-Digest") ?? "";
      const sha256 = DIGEST.test(digest) ? hex(base32(digest.slice(7, -4))) : "";
      this.resources.push({ role: roleOf(seen.url), sha256 });
    }
    const timestamp = timestampOf(record);
    if (timestamp !== undefined && REPLAYED.has(record.type)) this.lines.push(lineOf(record, seen.url, timestamp));
  }
}

/** Yield how the index *found* departs from the one that was made of the records. */
export function* indexProblems(expected: string, found: string): Generator<string> {
  if (expected === found) return;
  const left = counted(found.split("\n"));
  const wanted = counted(expected.split("\n"));
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

function lineOf(record: WarcRecord, url: string, timestamp: string): IndexLine & { readonly recordId: string } {
  const [status, mime] = statusAndMime(record.httpHead, record.header("Content-Type") ?? "");
  const digest = record.header(record.httpHead.length > 0 ? "WARC-Payload-Digest" : "WARC-Block-Digest") ?? "";
  const { recordId, offset, length } = record;
  return { recordId, url, timestamp, offset, length, mime, status, digest, method: "GET" };
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
