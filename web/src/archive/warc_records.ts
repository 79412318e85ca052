/**
 * Reads WARC 0.17 to 1.1 (ISO 28500) record by record, strictly about form and patiently about everything else.
 *
 * A record's departures from the standard are collected in its `problems`; damage ends the record, not the reading.
 * Memory stays constant whatever lengths, lines or compression a file claims.
 */

import { concat, latin1, text } from "../bytes.js";
import { shorten } from "../display.js";
import { FormatError } from "../errors.js";
import { DigestCheck } from "./digest_labels.js";
import { MemberStream, type ReadPiece } from "./gzip_members.js";
import { SPACES, strip, stripOf } from "./spaces.js";

/** An address may have 2 MiB in Chromium, and three times that percent-encoded. */
const LONGEST_LINE = 8 * 1024 * 1024;
const LARGEST_HEAD = 16 * 1024 * 1024;
const MOST_LINES = 10_000;
/** Of one record; hostile ones could hold hundreds of thousands. */
const MOST_PROBLEMS = 10;
const VERSION = /^(WARC\/(?:0\.1[78]|1\.[01]))[ \t]*\r?\n$/i;
const VERSION_LINE = /^(WARC\/(?:0\.1[78]|1\.[01]))[ \t]*$/i;
const NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
const LENGTH = /^[0-9]{1,18}$/;
const CONTINUED = "continuation";
const TYPES = new Set(["warcinfo", "response", "resource", "request", "metadata", "revisit", "conversion", CONTINUED]);
const WITHOUT_URI = new Set(["warcinfo", "metadata"]);
const MANDATORY: readonly (readonly [name: string, form: RegExp])[] = [
  ["WARC-Type", new RegExp(`^[^${SPACES}]+$`)],
  ["WARC-Record-ID", new RegExp(`^<[A-Za-z][A-Za-z0-9+.-]*:[^<>${SPACES}]+>$`)],
  ["WARC-Date", /^\d{4}(-\d\d(-\d\d([Tt]\d\d:\d\d(:\d\d(\.\d{1,9})?)?[Zz])?)?)?$/],
  ["Content-Length", LENGTH],
];
const ONCE = new Set([
  ...["warc-type", "warc-record-id", "warc-date", "content-length", "content-type", "warc-target-uri", "warc-truncated"],
  ...["warc-block-digest", "warc-payload-digest", "warc-ip-address", "warc-refers-to", "warc-warcinfo-id"],
  ...["warc-filename", "warc-profile", "warc-segment-number", "warc-segment-origin-id", "warc-segment-total-length"],
]);
const HTTP = /^application\/http(?![\p{L}\p{N}_])/iu;
const EMPTY = new Uint8Array(0);

type Field = readonly [name: string, value: string];

/** One record, whose payload can be read until the next record is asked for. */
export class WarcRecord {
  /** Departures from the standard, in English. */
  readonly problems: string[] = [];
  /** Whether the header told how long the block is. */
  readable = false;
  /** As `WARC/1.1`, or nothing. */
  version = "";
  /** The header lines in order. */
  headers: readonly Field[] = [];
  /** WARC-Type in lower case, or nothing. */
  type = "";
  /** Of HTTP messages: request or status line, header lines and blank line, as stored. */
  httpHead: Uint8Array = EMPTY;
  /** Bytes from the first of the record to the last, compressed if the file is; known when it is finished. */
  length = 0;
  /** Byte at which the record, or its gzip member, begins. */
  readonly offset: number;
  private first: ReadonlyMap<string, string> = new Map();
  private left = 0;

  private constructor(
    private readonly stream: MemberStream,
    /** Over the bytes of the block that were read so far. */
    public blockDigest: DigestCheck,
  ) {
    this.offset = stream.offset;
  }

  /** Read a record's header, and its HTTP head; *check* counts the block's digest meanwhile. */
  static async begin(stream: MemberStream, { check = false } = {}): Promise<WarcRecord> {
    await stream.peek(1);
    const record = new WarcRecord(stream, await DigestCheck.of(null));
    record.headers = await record.readHeaders();
    record.first = new Map([...record.headers].reverse().map(([name, value]) => [name.toLowerCase(), value]));
    record.type = (record.header("WARC-Type") ?? "").toLowerCase();
    record.checkHeaders();
    if (check) record.blockDigest = await DigestCheck.of(record.header("WARC-Block-Digest") ?? null);
    if (record.readable && HTTP.test(record.header("Content-Type") ?? "") && record.type !== CONTINUED) {
      record.httpHead = await record.readHttpHead();
    }
    return record;
  }

  /** Whether the file is made of gzip members. */
  get compressed(): boolean {
    return this.stream.gzipped;
  }

  /** WARC-Record-ID without its angle brackets, or nothing. */
  get recordId(): string {
    return stripOf(this.header("WARC-Record-ID") ?? "", "<>");
  }

  /** WARC-Target-URI without the angle brackets that some tools put around it, or nothing. */
  get url(): string {
    return stripOf(this.header("WARC-Target-URI") ?? "", "<>");
  }

  /** Return the first value of the header *name*, in any case. */
  header(name: string): string | undefined {
    return this.first.get(name.toLowerCase());
  }

  /** Return the next bytes of the payload (after an HTTP head), valid until more are read; empty at its end. */
  async read(): Promise<Uint8Array> {
    const piece = this.left > 0 ? await this.stream.read(this.left) : EMPTY;
    this.left -= piece.length;
    this.blockDigest.update(piece);
    return piece;
  }

  /** Read what is left, check how the record ends, and return whether another can follow. */
  async finish(): Promise<boolean> {
    while ((await this.read()).length > 0);
    const { stream } = this;
    if (this.left > 0) this.problem(`${this.left} bytes of the block are missing`);
    else if (this.readable) await this.checkEnd();
    if (!stream.gzipped) {
      this.length = stream.position - this.offset;
      if (!this.readable) this.problem("the rest of the file was not read");
      return this.readable && this.left === 0 && (await stream.peek(1)).length > 0;
    }
    if (!(await stream.atMemberEnd())) {
      this.problem("the record does not end with its gzip member");
      // Files compressed as one piece go on with the next record; anything else is left out.
      if (!this.readable || !beginsRecord(await stream.peek(5))) await stream.skipMember();
    }
    this.length = stream.position - this.offset;
    return another(stream);
  }

  /** Return the header lines, unfolded; what cannot be read becomes a problem. */
  private async readHeaders(): Promise<Field[]> {
    const head = await this.stream.peekHead();
    const plain = plainHead(head);
    if (plain !== undefined) {
      await this.stream.read(head.length);
      this.readable = true;
      this.version = plain.version;
      return plain.fields;
    }
    const line = await this.stream.readLine(LONGEST_LINE);
    this.version = (VERSION.exec(latin1(line.subarray(0, 4096)))?.[1] ?? "").toUpperCase();
    if (this.version !== "") return this.readFields(line.length);
    this.problem(`a record does not begin with a WARC version but with ${shown(line)}`);
    return [];
  }

  private async readFields(sizeBefore: number): Promise<Field[]> {
    const found: Field[] = [];
    let name = "";
    let value = "";
    let size = sizeBefore;
    for (let count = 0; count < MOST_LINES; count++) {
      const line = await this.stream.readLine(LONGEST_LINE);
      size += line.length;
      if (size > LARGEST_HEAD || line[line.length - 1] !== 10) break;
      if (line[line.length - 2] !== 13) this.problem("a header line ends without a carriage return");
      if ((line[0] === 0x20 || line[0] === 9) && name !== "") {
        value += ` ${strip(this.text(line))}`;
        continue;
      }
      if (name !== "") found.push([name, strip(value)]);
      if (isEmptyLine(line)) {
        this.readable = true;
        return found;
      }
      const whole = this.text(line);
      const colon = whole.indexOf(":");
      name = colon < 0 ? "" : stripOf(whole.slice(0, colon), " \t\r\n");
      value = stripOf(whole.slice(colon + 1), " \t\r\n");
      if (colon < 0 || !NAME.test(name)) {
        this.problem(`not a header line: ${shown(line)}`);
        name = "";
      }
    }
    this.problem("the record's header does not end");
    return found;
  }

  private problem(what: string): void {
    if (this.problems.length < MOST_PROBLEMS) this.problems.push(what);
  }

  private text(line: Uint8Array): string {
    try {
      return text(line, "a header line");
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.problem(`a header line is not UTF-8: ${shown(line)}`);
      return latin1(line);
    }
  }

  private checkHeaders(): void {
    if (this.version === "") return;
    const names = this.headers.map(([name]) => name.toLowerCase());
    if (this.first.size < names.length) {
      for (const name of ONCE) {
        if (names.indexOf(name) !== names.lastIndexOf(name)) this.problem(`${name} stands more than once`);
      }
    }
    for (const [name, form] of MANDATORY) {
      const value = this.header(name);
      if (value === undefined) this.problem(`${name} is missing`);
      else if (!form.test(value)) this.problem(`${name} is malformed: ${shorten(value)}`);
    }
    const length = this.header("Content-Length") ?? "";
    if (LENGTH.test(length)) this.left = Number(length);
    else this.readable = false;
    this.checkType();
  }

  private checkType(): void {
    if (!TYPES.has(this.type)) this.problem(`not a type of record: ${shorten(this.type, 40)}`);
    else if (!WITHOUT_URI.has(this.type) && this.url === "") this.problem("WARC-Target-URI is missing");
    const segment = this.header("WARC-Segment-Number");
    if (segment !== undefined && (!LENGTH.test(segment) || Number(segment) > 1 !== (this.type === CONTINUED))) {
      this.problem(`WARC-Segment-Number ${shorten(segment, 40)} is not one of a ${shorten(this.type, 40)} record`);
    }
  }

  private async readHttpHead(): Promise<Uint8Array> {
    const whole = await this.stream.peekHead();
    if (whole.length > 0 && whole.length <= this.left && endsOnlyHere(whole)) {
      this.left -= whole.length;
      this.blockDigest.update(whole);
      return (await this.stream.read(whole.length)).slice();
    }
    const lines: Uint8Array[] = [];
    let size = 0;
    let fresh = true;
    while (this.left > 0) {
      const line = await this.stream.readLine(Math.min(LONGEST_LINE, this.left));
      this.left -= line.length;
      this.blockDigest.update(line);
      lines.push(line);
      size += line.length;
      if (line.length === 0 || (fresh && isEmptyLine(line))) break;
      fresh = line[line.length - 1] === 10;
      if (size > LARGEST_HEAD) {
        this.problem("the HTTP head does not end");
        break;
      }
    }
    return concat(...lines);
  }

  private async checkEnd(): Promise<void> {
    const { stream } = this;
    if (latin1(await stream.peek(4)) === "\r\n\r\n") {
      await stream.read(4);
      return;
    }
    this.problem("the record does not end with two line ends");
    for (;;) {
      const [next] = await stream.peek(1);
      if (next !== 13 && next !== 10) break;
      await stream.read(1);
    }
  }
}

/** Return the stream of a WARC at its first record; raises `FormatError` when there is none. */
export async function begin(readPiece: ReadPiece): Promise<MemberStream> {
  const stream = await MemberStream.begin(readPiece);
  const start = await stream.peek(5);
  if (!stream.broken && !beginsRecord(start)) throw new FormatError(`not a WARC: it begins with ${shown(start)}`);
  if (!(await another(stream))) throw new FormatError("not a WARC: no gzip member in it can be read");
  return stream;
}

/**
 * Return version and fields of a record's *head* read as a whole, if every line of it is as the standard has it and none
 * is folded: that is what nearly all heads are.
 */
function plainHead(head: Uint8Array): { version: string; fields: Field[] } | undefined {
  let whole: string;
  try {
    whole = text(head.subarray(0, -4), "a header");
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
  const [first = "", ...lines] = whole.split("\r\n");
  const version = VERSION_LINE.exec(first)?.[1];
  if (version === undefined || lines.length > MOST_LINES) return undefined;
  const fields: Field[] = [];
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon));
    if (!NAME.test(name) || line.includes("\n")) return undefined;
    fields.push([name, strip(line.slice(colon + 1))]);
  }
  return { version: version.toUpperCase(), fields };
}

/** Whether the first blank line of *head* is its end. */
function endsOnlyHere(head: Uint8Array): boolean {
  const whole = latin1(head);
  return whole.indexOf("\n\r\n") === whole.length - 3 && !whole.includes("\n\n") && !/^[\r\n]/.test(whole);
}

/** Go on behind any damage, and return whether there is something to read. */
async function another(stream: MemberStream): Promise<boolean> {
  for (;;) {
    const some = (await stream.peek(1)).length > 0;
    if (some || !stream.broken) return some;
    stream.resume();
  }
}

function beginsRecord(start: Uint8Array): boolean {
  return latin1(start.subarray(0, 5)).toUpperCase() === "WARC/";
}

function isEmptyLine(line: Uint8Array): boolean {
  return (line.length === 1 && line[0] === 10) || (line.length === 2 && line[0] === 13 && line[1] === 10);
}

function shown(line: Uint8Array): string {
  return JSON.stringify(latin1(line.subarray(0, 40)));
}
