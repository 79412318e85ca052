/** Reads the objects of a PDF (ISO 32000-2, 7.2 and 7.3) from its bytes. */

import { FormatError } from "../errors.js";
import type { Dict, PdfObject, Ref, Stream, Text } from "./objects.js";
import { LimitError, type Source } from "./source.js";

const DEPTH = 100;
const WINDOWS = [2048, 32 * 1024, 512 * 1024, 8 * 1024 * 1024, 64 * 1024 * 1024];
const [TAB, LF, FF, CR, SPACE] = [9, 10, 12, 13, 32] as const;
const DELIMITERS = new Set([..."()<>[]{}/%"].map((character) => character.charCodeAt(0)));
const NUMBER = /^[+-]?(?:[0-9]{1,15}\.?[0-9]{0,15}|\.[0-9]{1,15})$/;
const ESCAPES: ReadonlyMap<number, number> = new Map([
  [0x6e, LF],
  [0x72, CR],
  [0x74, TAB],
  [0x62, 8],
  [0x66, FF],
]);

/** Thrown where the bytes at hand end within something. */
const SHORT = Symbol("more bytes");

/** Read with a parser from the offset *at* on, with as many bytes as that takes; raises `FormatError`. */
export async function parseAt<T>(source: Source, at: number, parse: (parser: Parser) => T, strict = true): Promise<T> {
  for (const size of WINDOWS) {
    const data = await source.read(at, size);
    try {
      return parse(new Parser(data, at, at + data.length >= source.size, strict));
    } catch (error) {
      if (error !== SHORT) throw error;
    }
  }
  throw new LimitError(`what stands at byte ${at} is too large`);
}

/** Reads one thing after the other; every method raises `FormatError` for what is malformed. */
export class Parser {
  private at = 0;

  /** *whole* says that nothing follows *data*, which stands at *base* in the file. Not *strict*, it is lenient. */
  constructor(
    private readonly data: Uint8Array,
    private readonly base: number,
    private readonly whole: boolean,
    private readonly strict = true,
  ) {}

  /** Where in the file it stands. */
  get position(): number {
    return this.base + this.at;
  }

  set position(value: number) {
    this.at = value - this.base;
  }

  /** Return the next byte without taking it, -1 at the end. */
  peek(ahead = 0): number {
    const found = this.data[this.at + ahead];
    if (found === undefined && !this.whole) throw SHORT;
    return found ?? -1;
  }

  /** Skip white space and comments (7.2.3). */
  skip(): void {
    for (let byte = this.peek(); isSpace(byte) || byte === 0x25; byte = this.peek()) {
      if (byte === 0x25) while (![LF, CR, -1].includes(this.peek())) this.at++;
      else this.at++;
    }
  }

  /** Take a word of regular characters; it may be empty. */
  word(): string {
    let found = "";
    for (let byte = this.peek(); byte >= 0 && !isSpace(byte) && !DELIMITERS.has(byte); byte = this.peek()) {
      found += String.fromCharCode(byte);
      this.at++;
    }
    return found;
  }

  /** Skip white space and take the word *wanted*. */
  want(wanted: string): void {
    this.skip();
    if (!this.take(wanted)) throw new FormatError(`at byte ${this.position} there is no ${wanted}`);
  }

  /** Take *wanted* if it comes next. */
  take(wanted: string): boolean {
    for (let place = 0; place < wanted.length; place++) {
      if (this.peek(place) !== wanted.charCodeAt(place)) return false;
    }
    this.at += wanted.length;
    return true;
  }

  /** Take a non-negative integer. */
  integer(): number {
    this.skip();
    const word = this.word();
    if (!/^[0-9]{1,15}$/.test(word)) throw new FormatError(`at byte ${this.position} there is no number`);
    return Number(word);
  }

  /** Take `number generation obj` (7.3.10). */
  header(): { number: number; generation: number } {
    const number = this.integer();
    const generation = this.integer();
    this.want("obj");
    return { number, generation };
  }

  /** Take any object; of a stream all up to its data. */
  object(depth = 0): PdfObject {
    if (depth > DEPTH) throw new FormatError(`objects lie more than ${DEPTH} deep in each other`);
    this.skip();
    const byte = this.peek();
    if (byte === 0x2f) return { type: "name", name: this.name() };
    if (byte === 0x28) return { type: "string", bytes: this.literal() };
    if (byte === 0x5b) return this.array(depth);
    if (byte === 0x3c && this.peek(1) === 0x3c) return this.dictionary(depth);
    if (byte === 0x3c) return this.digits();
    return this.simple();
  }

  private simple(): PdfObject {
    const word = this.word();
    if (word === "true" || word === "false") return word === "true";
    if (word === "null") return null;
    if (!NUMBER.test(word)) {
      if (this.strict || this.peek() < 0) throw new FormatError(`at byte ${this.position} there is no object`);
      if (word === "") this.at++;
      return null;
    }
    const value = Number(word);
    return /^[0-9]+$/.test(word) ? (this.reference(value) ?? value) : value;
  }

  /** Take the rest of `number generation R` if that is what it is. */
  private reference(number: number): Ref | undefined {
    const start = this.at;
    this.skip();
    const word = this.word();
    if (/^[0-9]{1,5}$/.test(word)) {
      this.skip();
      if (this.word() === "R") return { type: "ref", number, generation: Number(word) };
    }
    this.at = start;
    return undefined;
  }

  private name(): string {
    this.at++;
    return this.word().replace(/#([0-9A-Fa-f]{2})/g, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 16)),
    );
  }

  private array(depth: number): PdfObject[] {
    this.at++;
    const found = [];
    for (this.skip(); this.peek() !== 0x5d; this.skip()) found.push(this.object(depth + 1));
    this.at++;
    return found;
  }

  private dictionary(depth: number): Dict | Stream {
    this.at += 2;
    const entries = new Map<string, PdfObject>();
    for (this.skip(); !this.take(">>"); this.skip()) {
      if (this.peek() !== 0x2f) {
        if (this.strict) throw new FormatError(`at byte ${this.position} a dictionary has no key`);
        this.object(depth + 1);
        continue;
      }
      const key = this.name();
      if (this.strict && entries.has(key)) throw new FormatError(`a dictionary has the key /${key} twice`);
      entries.set(key, this.object(depth + 1));
    }
    const end = this.at;
    if (depth === 0) {
      this.skip();
      if (this.take("stream")) {
        if (!this.take("\r\n") && !this.take("\n"))
          throw new FormatError("a stream does not begin on a line of its own");
        return { type: "stream", entries, begin: this.position };
      }
    }
    this.at = end;
    return { type: "dict", entries };
  }

  /** Take a string in parentheses (7.3.4.2). */
  private literal(): Uint8Array {
    const found: number[] = [];
    this.at++;
    for (let open = 1; ; this.at++) {
      const byte = this.peek();
      if (byte < 0) throw new FormatError("a string does not end");
      if (byte === 0x5c) this.escape(found);
      else {
        if (byte === 0x28) open++;
        if (byte === 0x29) open--;
        if (open === 0) break;
        found.push(byte);
      }
    }
    this.at++;
    return Uint8Array.from(found);
  }

  /** Take what stands behind a backslash, but for its last byte. */
  private escape(found: number[]): void {
    this.at++;
    const byte = this.peek();
    if (byte === CR && this.peek(1) === LF) this.at++;
    if (byte === CR || byte === LF) return;
    if (!isOctal(byte)) {
      found.push(ESCAPES.get(byte) ?? byte);
      return;
    }
    let value = byte - 0x30;
    for (let place = 1; place < 3 && isOctal(this.peek(1)); place++) {
      this.at++;
      value = value * 8 + this.peek() - 0x30;
    }
    found.push(value & 0xff);
  }

  /** Take a string of hexadecimal digits (7.3.4.3). */
  private digits(): Text | null {
    let end = this.at + 1;
    while (this.peek(end - this.at) !== 0x3e) {
      if (this.peek(end - this.at) < 0) throw new FormatError("a string does not end");
      end++;
    }
    const found = new Uint8Array((end - this.at) >> 1);
    let count = 0;
    for (const byte of this.data.subarray(this.at + 1, end)) {
      if (isSpace(byte)) continue;
      const digit = digitOf(byte);
      if (digit < 0) {
        if (this.strict) throw new FormatError("a string holds something other than hexadecimal digits");
        this.at = end + 1;
        return null;
      }
      found[count >> 1] = (found[count >> 1] as number) | (count % 2 === 0 ? digit << 4 : digit);
      count++;
    }
    this.at = end + 1;
    return { type: "string", bytes: found.subarray(0, (count + 1) >> 1) };
  }
}

export function isSpace(byte: number): boolean {
  return byte === SPACE || byte === LF || byte === CR || byte === TAB || byte === FF || byte === 0;
}

function isOctal(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x37;
}

function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
