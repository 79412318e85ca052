/**
 * The rules that only the WARCs of this kit promise to keep (evidence-format.md, 3.1 and 3.2), record by record.
 *
 * What every WARC must be is left to the reader. Here nothing may be missing, stand twice, point nowhere or lie between
 * the records, and the index is exactly the one that can be made from the records. Of a record that keeps the rules
 * sixteen bytes stay, however many there are.
 */

import { hex, utf8 } from "../bytes.js";
import { shorten } from "../display.js";
import { type IndexLine, indexText } from "./cdxj.js";
import { base32 } from "./digest_labels.js";
import { methodOf } from "./http_facts.js";
import { drawSecret, LineSum, Marks } from "./line_sum.js";
import { lineOf, pointerOf, timestampOf } from "./own_index.js";
import { roleOf } from "./resource_names.js";
import type { RecordFinding } from "./warc_reader.js";
import type { WarcRecord } from "./warc_records.js";

const DIGEST = /^sha256:[A-Z2-7]{52}====$/;
const TYPES = new Set(["warcinfo", "request", "response", "resource", "metadata"]);
const POINTER = "warc-concurrent-to";

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
  /** Of a response, whose method is not known yet. */
  readonly line: IndexLine | undefined;
}

/** Looks at the findings about one WARC, in order. */
export class OwnWarc {
  /** Every resource record so far. */
  readonly resources: Resource[] = [];
  /** Every WARC-Page-ID so far. */
  readonly pageIds = new Set<string>();
  private readonly secret = drawSecret();
  private readonly ids = new Marks(this.secret);
  private readonly lines = new LineSum(this.secret);
  /** What is remembered, by the id of the record. */
  private readonly open = new Map<string, Seen>();
  /** Whether a record stood there twice. */
  private doubled = false;
  private warcinfo: string | undefined;
  private end = 0;

  /** *filename*: the name of the WARC in its index. */
  constructor(private readonly filename: string) {}

  /** Return which rules the record of *finding* breaks, in English; damage is left to the reader. */
  problems({ record }: RecordFinding): string[] {
    if (record === undefined) return [];
    const isNew = this.ids.add(record.recordId);
    const found = [...form(record, isNew), ...this.place(record), ...digests(record)];
    this.end = record.offset + record.length;
    this.warcinfo ??= record.recordId;
    this.remember(record);
    if (isNew) this.pair(record);
    else this.doubled = true;
    return found;
  }

  /** Yield offset and problem of what shows only at the end of a WARC of *size* bytes. */
  *conclude(size: number): Generator<readonly [offset: number, problem: string]> {
    if (this.end !== size) yield [this.end, `${size - this.end} bytes follow the last record`];
    for (const seen of this.open.values()) {
      const there = this.ids.has(seen.pointsTo);
      if (seen.pointsTo !== "" && !there) {
        yield [seen.offset, `it belongs to the record ${shorten(seen.pointsTo)}, which is not there`];
      } else if (seen.type === "response") {
        yield [seen.offset, "it has no request of its own"];
      } else if (seen.type === "request" && there) {
        yield [seen.offset, "the response that it names is not its own"];
      }
    }
  }

  /**
   * Return the sum of the lines of the index; undefined where records that break the rules have lines for which all
   * records have to be at hand.
   */
  indexSum(): LineSum | undefined {
    if (this.doubled || [...this.open.values()].some(({ line }) => line !== undefined)) return undefined;
    return this.lines;
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
    const pageId = record.header("WARC-Page-ID");
    if (pageId !== undefined) this.pageIds.add(pageId);
    if (record.type !== "resource") return;
    const digest = record.header("WARC-Block-Digest") ?? "";
    const sha256 = DIGEST.test(digest) ? hex(base32(digest.slice(7, -4))) : "";
    this.resources.push({ role: roleOf(record.header("WARC-Target-URI") ?? ""), sha256 });
  }

  /** Note the line of a record in the index, and forget request and response when both were seen. */
  private pair(record: WarcRecord): void {
    const { offset, recordId, type } = record;
    const line = lineOf(record);
    if (line !== undefined && type !== "response") this.note(line);
    const seen: Seen = {
      offset,
      type,
      url: record.header("WARC-Target-URI") ?? "",
      date: record.header("WARC-Date") ?? "",
      method: type === "request" ? methodOf(record.httpHead) : "",
      pointsTo: pointerOf(record),
      line: type === "response" ? line : undefined,
    };
    const other = this.open.get(seen.pointsTo);
    if (other !== undefined && areOne(recordId, seen, other)) {
      this.open.delete(seen.pointsTo);
      const response = seen.line ?? other.line;
      if (response !== undefined) this.note({ ...response, method: seen.method || other.method });
    } else if (isHttp(type) || (seen.pointsTo !== "" && !this.ids.has(seen.pointsTo))) {
      this.open.set(recordId, seen);
    }
  }

  private note(line: IndexLine): void {
    this.lines.add(utf8(indexText(line, this.filename)));
  }
}

function* form(record: WarcRecord, isNew: boolean): Generator<string> {
  if (record.version !== "WARC/1.1") yield `its version is ${shorten(record.version)}, not WARC/1.1`;
  if (!record.compressed) yield "it is no gzip member";
  if (!TYPES.has(record.type)) yield `the kit writes no ${shorten(record.type, 40)} records`;
  if (!isNew) yield "another record has the same id";
  const pointers = record.headers.filter(([name]) => name.toLowerCase() === POINTER);
  if (pointers.length > 1) yield "WARC-Concurrent-To stands more than once";
  if (isHttp(record.type) && record.httpHead.length === 0) yield "it holds no HTTP message";
  if (timestampOf(record) === undefined) yield "its WARC-Date is not in UTC with milliseconds";
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
