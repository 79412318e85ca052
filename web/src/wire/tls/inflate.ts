/** A zlib stream (RFC 1950) of a known size, read to its end: no byte may follow, and its checksum must be right. */

import type { Bytes } from "../../bytes.js";
import { FormatError } from "../../errors.js";

const LENGTH_BASE = [
  ...[3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27],
  ...[31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258],
];
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const LONGEST_CODE = 15;
const MOST_LITERALS = 286;
const MOST_DISTANCES = 30;
const END = 256;

/** Return the *size* bytes that *data* holds compressed; raises `FormatError` for any other number of them. */
export function inflateZlib(data: Bytes, size: number): Bytes {
  const [method = 0, flags = 0] = data;
  const header = method * 256 + flags;
  const known = (method & 15) === 8 && method >> 4 <= 7 && (flags & 0x20) === 0;
  if (data.length < 2 || !known || header % 31 !== 0) throw broken();
  const bits = new Bits(data, 2);
  const output = new Output(size);
  let last = false;
  while (!last) {
    last = bits.take(1) === 1;
    block(bits, output);
  }
  const checksum = bits.bytes(4).reduce((sum, byte) => sum * 256 + byte, 0);
  if (output.at !== size || !bits.ended || checksum !== adler32(output.data)) throw broken();
  return output.data;
}

/** A canonical Huffman code (RFC 1951, 3.2.2): how many codes there are of each length, and their symbols in order. */
interface Code {
  readonly counts: readonly number[];
  readonly symbols: readonly number[];
}

function block(bits: Bits, output: Output): void {
  const kind = bits.take(2);
  if (kind === 0) return stored(bits, output);
  if (kind === 1) return compressed(bits, output, FIXED_LITERALS, FIXED_DISTANCES);
  if (kind === 2) return dynamic(bits, output);
  throw broken();
}

function stored(bits: Bits, output: Output): void {
  const [low, high, lowNot, highNot] = bits.bytes(4) as unknown as [number, number, number, number];
  if ((low ^ lowNot) !== 0xff || (high ^ highNot) !== 0xff) throw broken();
  for (const byte of bits.bytes(low | (high << 8))) output.put(byte);
}

function dynamic(bits: Bits, output: Output): void {
  const [literals, distances, count] = [bits.take(5) + 257, bits.take(5) + 1, bits.take(4) + 4];
  if (literals > MOST_LITERALS || distances > MOST_DISTANCES) throw broken();
  const own = new Array<number>(ORDER.length).fill(0);
  for (const place of ORDER.slice(0, count)) own[place] = bits.take(3);
  const code = build(own, false);
  const lengths: number[] = [];
  while (lengths.length < literals + distances) {
    const symbol = decode(bits, code);
    if (symbol < 16) {
      lengths.push(symbol);
      continue;
    }
    if (symbol === 16 && lengths.length === 0) throw broken();
    const value = symbol === 16 ? (lengths[lengths.length - 1] as number) : 0;
    const times = symbol === 16 ? 3 + bits.take(2) : symbol === 17 ? 3 + bits.take(3) : 11 + bits.take(7);
    for (let each = 0; each < times; each++) lengths.push(value);
  }
  if (lengths.length > literals + distances || lengths[END] === 0) throw broken();
  compressed(bits, output, build(lengths.slice(0, literals), true), build(lengths.slice(literals), true));
}

function compressed(bits: Bits, output: Output, literals: Code, distances: Code): void {
  for (let symbol = decode(bits, literals); symbol !== END; symbol = decode(bits, literals)) {
    if (symbol < END) {
      output.put(symbol);
      continue;
    }
    const base = LENGTH_BASE[symbol - 257];
    if (base === undefined) throw broken();
    const length = base + bits.take(LENGTH_BITS[symbol - 257] as number);
    const far = decode(bits, distances);
    if (far >= MOST_DISTANCES) throw broken();
    const extra = far < 4 ? 0 : (far >> 1) - 1;
    output.repeat(far < 4 ? far + 1 : ((2 + (far & 1)) << extra) + 1 + bits.take(extra), length);
  }
}

/** Make a code of the lengths of its symbols; *single*: one code of one bit is whole, and none at all too. */
function build(lengths: readonly number[], single: boolean): Code {
  const counts = new Array<number>(LONGEST_CODE + 1).fill(0);
  for (const length of lengths) counts[length] = (counts[length] as number) + 1;
  counts[0] = 0;
  let left = 1;
  for (let length = 1; length <= LONGEST_CODE; length++) {
    left = 2 * left - (counts[length] as number);
    if (left < 0) throw broken();
  }
  if (left > 0 && !(single && lengths.every((length) => length <= 1))) throw broken();
  const symbols = [...lengths.keys()].filter((symbol) => lengths[symbol] !== 0);
  symbols.sort((one, other) => (lengths[one] as number) - (lengths[other] as number) || one - other);
  return { counts, symbols };
}

function decode(bits: Bits, code: Code): number {
  let [value, first, index] = [0, 0, 0];
  for (let length = 1; length <= LONGEST_CODE; length++) {
    value |= bits.take(1);
    const count = code.counts[length] as number;
    if (value - first < count) return code.symbols[index + value - first] as number;
    index += count;
    first = (first + count) << 1;
    value <<= 1;
  }
  throw broken();
}

class Bits {
  private readonly data: Bytes;
  private at: number;
  private held = 0;
  private count = 0;

  constructor(data: Bytes, at: number) {
    this.data = data;
    this.at = at;
  }

  get ended(): boolean {
    return this.at === this.data.length;
  }

  take(size: number): number {
    while (this.count < size) {
      const byte = this.data[this.at++];
      if (byte === undefined) throw broken();
      this.held |= byte << this.count;
      this.count += 8;
    }
    const found = this.held & ((1 << size) - 1);
    this.held >>>= size;
    this.count -= size;
    return found;
  }

  /** Return the next *size* whole bytes; what is left of the present one is passed over. */
  bytes(size: number): Bytes {
    [this.held, this.count] = [0, 0];
    this.at += size;
    if (this.at > this.data.length) throw broken();
    return this.data.subarray(this.at - size, this.at);
  }
}

class Output {
  readonly data: Bytes;
  at = 0;

  constructor(size: number) {
    this.data = new Uint8Array(size);
  }

  put(byte: number): void {
    if (this.at === this.data.length) throw broken();
    this.data[this.at++] = byte;
  }

  repeat(distance: number, length: number): void {
    if (distance > this.at) throw broken();
    for (let each = 0; each < length; each++) this.put(this.data[this.at - distance] as number);
  }
}

function adler32(data: Bytes): number {
  let [low, high] = [1, 0];
  for (const byte of data) {
    low = (low + byte) % 65521;
    high = (high + low) % 65521;
  }
  return high * 65536 + low;
}

function broken(): FormatError {
  return new FormatError("the compressed certificates are not the bytes that they are said to be");
}

const FIXED_LITERALS = build(
  Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8)),
  false,
);
const FIXED_DISTANCES = build(new Array<number>(32).fill(5), false);
