/** DER (ITU-T X.690): written for the structures whose every byte must be known beforehand, and read strictly. */

import { type Bytes, compare, concat, utf8 } from "../bytes.js";
import { FormatError } from "../errors.js";

export const BOOLEAN = 0x01;
export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTETS = 0x04;
export const NULL = 0x05;
export const OID = 0x06;
export const ENUMERATED = 0x0a;
export const UTC_TIME = 0x17;
export const GENERALIZED_TIME = 0x18;
export const SEQUENCE = 0x30;
export const SET = 0x31;

/** The NULL value, whole. */
export const NOTHING: Bytes = new Uint8Array([NULL, 0]);

/** Return one value: *tag*, definite length, the *parts* joined. */
export function tlv(tag: number, ...parts: readonly Uint8Array[]): Bytes {
  let size = 0;
  for (const part of parts) size += part.length;
  const length = size < 0x80 ? 0 : size < 0x100 ? 1 : size < 0x10000 ? 2 : 3;
  const whole = new Uint8Array(2 + length + size);
  whole[0] = tag;
  whole[1] = length === 0 ? size : 0x80 | length;
  for (let place = 0; place < length; place++) whole[1 + length - place] = (size >>> (8 * place)) & 0xff;
  let at = 2 + length;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function sequence(...parts: readonly Uint8Array[]): Bytes {
  return tlv(SEQUENCE, ...parts);
}

/** Return a SET OF, its members in DER order (X.690, 11.6). */
export function setOf(...parts: readonly Uint8Array[]): Bytes {
  return tlv(SET, ...[...parts].sort(compare));
}

/** Return a non-negative INTEGER. */
export function integer(value: bigint | number): Bytes {
  let digits = value.toString(16);
  if (digits.length % 2 === 1) digits = `0${digits}`;
  if (Number.parseInt(digits.slice(0, 2), 16) >= 0x80) digits = `00${digits}`;
  return tlv(INTEGER, fromHex(digits));
}

export function octets(data: Uint8Array): Bytes {
  return tlv(OCTETS, data);
}

/** Return an OBJECT IDENTIFIER; its arcs are below 2^31. */
export function oid(dotted: string): Bytes {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return tlv(OID, ...[first * 40 + second, ...rest].map(arc));
}

/** Return a CMS Time: UTCTime until 2049, GeneralizedTime after (RFC 5652, 11.3); *at* in ms, cut to seconds. */
export function moment(at: number): Bytes {
  const digits = new Date(at).toISOString().slice(0, 19).replace(/[-:T]/g, "");
  return digits < "2050" ? tlv(UTC_TIME, utf8(`${digits.slice(2)}Z`)) : tlv(GENERALIZED_TIME, utf8(`${digits}Z`));
}

function arc(value: number): Bytes {
  const out = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) out.unshift(0x80 | (rest & 0x7f));
  return new Uint8Array(out);
}

function fromHex(digits: string): Bytes {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** 1.2.840.113549.1 as it is encoded. */
const PKCS = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01];
const MOST_NESTING = 32;

/** Bytes of an object identifier's content. */
const LONGEST_OID = 63;

/** One value that was read. */
export interface Value {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Tag, length and content. */
  readonly whole: Uint8Array;
}

/** Values one after the other; every method raises `FormatError` for what is not DER or has another tag. */
export class Parts {
  private at = 0;

  constructor(private readonly data: Uint8Array) {}

  /** Whether nothing is left. */
  get empty(): boolean {
    return this.at === this.data.length;
  }

  /** Return the next value, which must have *tag*, if one is given. */
  next(tag?: number): Value {
    const { data, at } = this;
    const found = data[at];
    const first = data[at + 1];
    if (found === undefined || first === undefined) throw new FormatError("a structure ends too early");
    if (tag !== undefined && found !== tag) throw new FormatError(`a value of another kind (${found}, not ${tag})`);
    if ((found & 0x1f) === 0x1f) throw new FormatError("a tag of more than one byte");
    let begin = at + 2;
    let size = first;
    if (first >= 0x80) {
      const count = first & 0x7f;
      if (count === 0 || count > 4) throw new FormatError("a length that is not definite, or too long");
      size = 0;
      for (let place = 0; place < count; place++) size = size * 256 + (data[begin + place] ?? 0);
      if (size < 0x80 || size < 256 ** (count - 1)) throw new FormatError("a length that is not in its shortest form");
      begin += count;
    }
    const end = begin + size;
    if (end > data.length) throw new FormatError("a structure ends too early");
    this.at = end;
    return { tag: found, content: data.subarray(begin, end), whole: data.subarray(at, end) };
  }

  /** Return the next value if it has *tag*. */
  optional(tag: number): Value | undefined {
    return this.data[this.at] === tag ? this.next(tag) : undefined;
  }

  /** Go into the next value, which must have *tag*. */
  into(tag = SEQUENCE): Parts {
    return new Parts(this.next(tag).content);
  }

  /** Return all values that are left, each with *tag* if one is given. */
  rest(tag?: number): Value[] {
    const found = [];
    while (!this.empty) found.push(this.next(tag));
    return found;
  }

  /** Want nothing to be left. */
  end(): void {
    if (!this.empty) throw new FormatError("a structure has more parts than it may have");
  }
}

/** Read *data*, which must be one value with *tag* and nothing else, and return what is in it. */
export function open(data: Uint8Array, tag = SEQUENCE): Parts {
  const parts = new Parts(data);
  const inner = parts.into(tag);
  parts.end();
  return inner;
}

/**
 * Return *data*, a certificate or what holds one; raises `FormatError` if its algorithms may lie too deep inside each
 * other, as parameters of algorithms may: only some of PKCS #1 and #5 have such.
 */
export function shallow(data: Uint8Array): Uint8Array {
  let count = 0;
  for (let at = data.indexOf(PKCS[0] as number); at >= 0; at = data.indexOf(PKCS[0] as number, at + 1)) {
    const family = data[at + PKCS.length];
    if ((family === 1 || family === 5) && PKCS.every((byte, place) => data[at + place] === byte)) count += 1;
    if (count > MOST_NESTING) throw new FormatError("it names more algorithms than a certificate needs");
  }
  return data;
}

/** Return the only value in *parts*, which must have *tag*. */
export function only(parts: Parts, tag?: number): Value {
  const found = parts.next(tag);
  parts.end();
  return found;
}

/** Return an OBJECT IDENTIFIER in dotted form; raises `FormatError`. */
export function dotted(content: Uint8Array): string {
  if (content.length === 0 || content.length > LONGEST_OID) throw new FormatError("not an object identifier");
  const arcs: bigint[] = [];
  let value = 0n;
  let fresh = true;
  for (const byte of content) {
    if (fresh && byte === 0x80) throw new FormatError("not an object identifier");
    value = (value << 7n) | BigInt(byte & 0x7f);
    fresh = byte < 0x80;
    if (value >> 128n) throw new FormatError("not an object identifier");
    if (fresh) {
      arcs.push(value);
      value = 0n;
    }
  }
  if (!fresh) throw new FormatError("not an object identifier");
  const [first = 0n, ...rest] = arcs;
  const top = first < 40n ? 0n : first < 80n ? 1n : 2n;
  return [top, first - 40n * top, ...rest].join(".");
}

/** Return the value of an INTEGER in its shortest form; raises `FormatError`. */
export function number(content: Uint8Array): bigint {
  const [first, second] = content;
  const spare = second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
  if (first === undefined || spare) throw new FormatError("not an integer in its shortest form");
  const value = unsigned(content);
  return first < 0x80 ? value : value - (1n << BigInt(8 * content.length));
}

/** Return bytes as a number, the highest first. */
export function unsigned(content: Uint8Array): bigint {
  let digits = "0x0";
  for (const byte of content) digits += byte.toString(16).padStart(2, "0");
  return BigInt(digits);
}

/** Return a number as *size* bytes; raises `FormatError` when it has more. */
export function fixed(value: bigint, size: number): Bytes {
  const digits = value.toString(16);
  if (value < 0n || digits.length > 2 * size) throw new FormatError("a number that is too large");
  return fromHex(digits.padStart(2 * size, "0"));
}

/** Return the content of a BOOLEAN; raises `FormatError`. */
export function boolean(content: Uint8Array): boolean {
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw new FormatError("not a boolean");
  return content[0] === 0xff;
}

/** Bits, the highest of the first byte first. */
export interface Bits {
  readonly data: Uint8Array;
  has(bit: number): boolean;
}

/** Return the content of a BIT STRING; raises `FormatError`. */
export function bits(content: Uint8Array): Bits {
  const [unused] = content;
  const data = content.subarray(1);
  const last = data.at(-1);
  if (unused === undefined || unused > 7) throw new FormatError("not a bit string");
  if (last === undefined ? unused > 0 : (last & ((1 << unused) - 1)) !== 0) throw new FormatError("not a bit string");
  return { data, has: (bit) => (((data[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1 };
}

/** Return the time of a UTCTime or GeneralizedTime in whole seconds with `Z` (RFC 5280, 4.1.2.5), in ms since 1970. */
export function time(value: Value): number {
  const said = ascii(value.content);
  if (value.tag === UTC_TIME && /^[0-9]{12}Z$/.test(said)) return instant(`${said < "5" ? "20" : "19"}${said}`);
  if (value.tag === GENERALIZED_TIME && /^[0-9]{14}Z$/.test(said)) return instant(said);
  throw new FormatError("not a time in whole seconds with Z");
}

/** Return the time of a GeneralizedTime that may have fractions, in ms since 1970, without them. */
export function generalizedTime(value: Value): number {
  const said = ascii(value.content);
  const fits = value.tag === GENERALIZED_TIME && /^[0-9]{14}(?:\.[0-9]{0,8}[1-9])?Z$/.test(said);
  if (!fits) throw new FormatError("not a time with Z");
  return instant(said);
}

/** Return the time of `YYYYMMDDHHMMSS…`; raises `FormatError` for one that no calendar has, and for the year 0. */
export function instant(digits: string): number {
  const part = (from: number) => digits.slice(from, from + 2);
  const text = `${digits.slice(0, 4)}-${part(4)}-${part(6)}T${part(8)}:${part(10)}:${part(12)}.000Z`;
  const found = Date.parse(text);
  if (Number.isNaN(found) || new Date(found).toISOString() !== text || text.startsWith("0000")) {
    throw new FormatError("a time that no calendar has");
  }
  return found;
}

/** Return bytes as text, one character each. */
export function ascii(content: Uint8Array): string {
  let found = "";
  for (const byte of content) found += String.fromCharCode(byte);
  return found;
}

/** Return *parts* joined and sorted, none twice, as DER wants the members of a set (X.690, 11.6). */
export function sortedOnce(parts: readonly Uint8Array[]): Bytes {
  const sorted = [...parts].sort(compare);
  return concat(...sorted.filter((part, at) => at === 0 || compare(part, sorted[at - 1] as Uint8Array) !== 0));
}

/** Want *members* of a SET OF to be in DER order (X.690, 11.6); raises `FormatError`. */
export function wantOrdered(members: readonly Value[]): void {
  const wrong = members.some((one, at) => at > 0 && compare((members[at - 1] as Value).whole, one.whole) > 0);
  if (wrong) throw new FormatError("a set that is not in order");
}
