/**
 * Inflates gzip members (RFC 1951, RFC 1952), a piece of input and a piece of output at a time.
 *
 * A browser's own inflater neither tells where in its input a member ended nor goes on behind it. Codes that leave bit
 * patterns without a meaning are no error until one of these is met, and unknown flags are none, as with ISA-L.
 */

import { createCRC32, type IHasher } from "hash-wasm";

import { FormatError } from "../errors.js";
import { type Codes, codes, DISTANCE_BASE, DISTANCE_EXTRA, FIXED, LENGTH_BASE, LENGTH_EXTRA, LENGTH_ORDER } from "./codes.js";

/** Bytes of output that one call gives at most. */
const MOST_OUTPUT = 64 * 1024;

const WINDOW = 32 * 1024;
const DEFLATE = 8;
const [HAS_CHECKSUM, HAS_EXTRA, HAS_NAME, HAS_COMMENT] = [2, 4, 8, 16] as const;
const [MOST_SYMBOLS, MOST_DISTANCES] = [286, 30] as const;
const END_OF_BLOCK = 256;
/** Bytes that the bits of one symbol, read two bytes at a time, cannot go beyond. */
const MOST_OF_SYMBOL = 8;

/** What one call gave. */
export interface Inflated {
  /** Valid until the next call. */
  readonly output: Uint8Array;
  /** Bytes of the input that are done with; the others have to be given again, with more behind them. */
  readonly taken: number;
}

/** Thrown where a part goes on behind the input: nothing of it counts as taken. */
const SHORT = Symbol("more input");

/** Inflates one member after the other. */
export class Inflater {
  /** Whether the member has come to its end. */
  ended = false;
  private readonly sum: IHasher;
  private readonly window = new Uint8Array(WINDOW + MOST_OUTPUT);
  private out = 0;
  private limit = 0;
  private summed = 0;
  /** Bytes of output before those that are not counted into `sum` yet. */
  private size = 0;
  private input: Uint8Array = new Uint8Array(0);
  private at = 0;
  private bits = 0;
  private held = 0;
  private flags = 0;
  /** Bytes still to be skipped or copied. */
  private left = 0;
  private final = false;
  private symbols: Codes = FIXED.symbols;
  private distances: Codes = FIXED.distances;
  private distance = 0;
  /** What comes next; it returns false when it needs more input. */
  private step: () => boolean = this.fixedHeader;

  private constructor(sum: IHasher) {
    this.sum = sum;
  }

  static async create(): Promise<Inflater> {
    return new Inflater(await createCRC32());
  }

  /** Expect the first byte of a member. */
  begin(): void {
    this.ended = this.final = false;
    this.step = this.fixedHeader;
    this.out = this.size = this.bits = this.held = this.left = 0;
    this.sum.init();
  }

  /** Go on with *input*, up to *most* bytes of output; it takes nothing and gives nothing only where it needs more. Raises `FormatError`. */
  inflate(input: Uint8Array, most = MOST_OUTPUT): Inflated {
    const kept = Math.min(this.out, WINDOW);
    this.window.copyWithin(0, this.out - kept, this.out);
    this.out = this.summed = kept;
    this.limit = kept + most;
    this.input = input;
    this.at = 0;
    while (!this.ended && this.out < this.limit && this.attempt());
    this.count();
    return { output: this.window.subarray(kept, this.out), taken: this.at };
  }

  private attempt(): boolean {
    const { at, bits, held } = this;
    try {
      return this.step();
    } catch (error) {
      if (error !== SHORT) throw error;
      [this.at, this.bits, this.held] = [at, bits, held];
      return false;
    }
  }

  private fixedHeader(): boolean {
    const header = this.headerBytes(10);
    if (header[0] !== 0x1f || header[1] !== 0x8b) throw new FormatError("it is no gzip member");
    if (header[2] !== DEFLATE) throw new FormatError("an unknown method of compression");
    this.flags = header[3] as number;
    this.step = this.extraLength;
    return true;
  }

  private extraLength(): boolean {
    const size = this.flags & HAS_EXTRA ? this.headerBytes(2) : [0, 0];
    this.left = (size[0] as number) + 256 * (size[1] as number);
    this.step = this.extra;
    return true;
  }

  private extra(): boolean {
    this.left -= this.headerBytes(Math.min(this.left, this.input.length - this.at)).length;
    if (this.left > 0) return false;
    this.step = this.texts;
    return true;
  }

  /** Skip the name and the comment, each up to a zero byte. */
  private texts(): boolean {
    for (const flag of [HAS_NAME, HAS_COMMENT]) {
      if (!(this.flags & flag)) continue;
      const end = this.input.indexOf(0, this.at);
      this.headerBytes(end < 0 ? this.input.length - this.at : end + 1 - this.at);
      if (end < 0) return false;
      this.flags &= ~flag;
    }
    this.step = this.headerChecksum;
    return true;
  }

  private headerChecksum(): boolean {
    if (this.flags & HAS_CHECKSUM) {
      const stated = this.take(16);
      if (stated !== (this.checksum() & 0xffff)) throw new FormatError("the checksum of its header is another");
    }
    this.sum.init();
    this.step = this.block;
    return true;
  }

  private block(): boolean {
    if (this.final) {
      this.step = this.trailer;
      return true;
    }
    const final = this.take(1) === 1;
    const kind = this.take(2);
    if (kind === 3) throw new FormatError("an unknown kind of block");
    if (kind === 0) this.beginStored();
    else if (kind === 1) [this.symbols, this.distances] = [FIXED.symbols, FIXED.distances];
    else [this.symbols, this.distances] = this.ownCodes();
    this.step = kind === 0 ? this.stored : this.coded;
    this.final = final;
    return true;
  }

  private beginStored(): void {
    this.bits = this.held = 0;
    const size = this.take(16);
    if (this.take(16) !== (size ^ 0xffff)) throw new FormatError("a block's length stands there in two ways");
    this.left = size;
  }

  private stored(): boolean {
    const piece = this.input.subarray(this.at, this.at + Math.min(this.left, this.limit - this.out));
    this.window.set(piece, this.out);
    this.out += piece.length;
    this.at += piece.length;
    this.left -= piece.length;
    if (this.left > 0) return piece.length > 0;
    this.step = this.block;
    return true;
  }

  /** Read the codes that stand before a block (RFC 1951, 3.2.7). */
  private ownCodes(): [symbols: Codes, distances: Codes] {
    const symbols = 257 + this.take(5);
    const distances = 1 + this.take(5);
    const count = 4 + this.take(4);
    if (symbols > MOST_SYMBOLS || distances > MOST_DISTANCES) throw new FormatError("a block has too many codes");
    const lengths = new Uint8Array(19);
    for (const symbol of LENGTH_ORDER.slice(0, count)) lengths[symbol] = this.take(3);
    const lengthCodes = codes(lengths);
    const found = new Uint8Array(symbols + distances);
    for (let at = 0; at < found.length; ) {
      const symbol = this.decode(lengthCodes);
      const [repeated, times] =
        symbol < 16 ? [symbol, 1]
        : symbol === 16 ? [found[at - 1], 3 + this.take(2)]
        : [0, symbol === 17 ? 3 + this.take(3) : 11 + this.take(7)];
      if (repeated === undefined || at + times > found.length) throw new FormatError("a block's codes are malformed");
      found.fill(repeated, at, at + times);
      at += times;
    }
    return [codes(found.subarray(0, symbols)), codes(found.subarray(symbols))];
  }

  private decode({ table, longest }: Codes): number {
    while (this.held < longest && this.at < this.input.length) {
      this.bits |= (this.input[this.at++] as number) << this.held;
      this.held += 8;
    }
    const entry = table[this.bits & ((1 << longest) - 1)] as number;
    const length = entry & 15;
    if (length === 0 || length > this.held) {
      if (this.held < longest) throw SHORT;
      throw new FormatError("a code without a meaning");
    }
    this.bits >>>= length;
    this.held -= length;
    this.giveBack();
    return entry >> 4;
  }

  private coded(): boolean {
    if (this.left > 0) this.copy();
    else if (this.input.length - this.at > MOST_OF_SYMBOL) this.symbolsAhead();
    else this.symbol();
    return true;
  }

  /** Decode symbols until the block ends, the output is full, or the input might not be enough for the next one. */
  private symbolsAhead(): void {
    const { input, window, limit } = this;
    const { table: symbols, longest } = this.symbols;
    const { table: distances, longest: longestDistance } = this.distances;
    const [symbolMask, distanceMask] = [(1 << longest) - 1, (1 << longestDistance) - 1];
    const last = input.length - MOST_OF_SYMBOL;
    const known = this.size - this.summed;
    let { at, bits, held, out } = this;
    while (at < last && out < limit) {
      if (held < 15) {
        bits |= ((input[at] as number) | ((input[at + 1] as number) << 8)) << held;
        at += 2;
        held += 16;
      }
      let entry = symbols[bits & symbolMask] as number;
      bits >>>= entry & 15;
      held -= entry & 15;
      const symbol = entry >> 4;
      if (symbol < END_OF_BLOCK) {
        if (entry === 0) throw new FormatError("a code without a meaning");
        window[out++] = symbol;
        continue;
      }
      if (symbol === END_OF_BLOCK) {
        this.step = this.block;
        break;
      }
      if (held < 15) {
        bits |= ((input[at] as number) | ((input[at + 1] as number) << 8)) << held;
        at += 2;
        held += 16;
      }
      const extra = LENGTH_EXTRA[symbol - 257] as number;
      const length = (LENGTH_BASE[symbol - 257] as number) + (bits & ((1 << extra) - 1));
      bits >>>= extra;
      held -= extra;
      if (held < 15) {
        bits |= ((input[at] as number) | ((input[at + 1] as number) << 8)) << held;
        at += 2;
        held += 16;
      }
      entry = distances[bits & distanceMask] as number;
      bits >>>= entry & 15;
      held -= entry & 15;
      if (held < 15) {
        bits |= ((input[at] as number) | ((input[at + 1] as number) << 8)) << held;
        at += 2;
        held += 16;
      }
      const more = DISTANCE_EXTRA[entry >> 4] as number;
      const distance = (DISTANCE_BASE[entry >> 4] as number) + (bits & ((1 << more) - 1));
      bits >>>= more;
      held -= more;
      // Lengths and distances that there are not are no numbers.
      if (entry === 0 || !(length > 0 && distance <= known + out)) throw new FormatError("it repeats what is not there");
      const stop = Math.min(out + length, limit);
      this.left = length - (stop - out);
      this.distance = distance;
      for (let from = out - distance; out < stop; ) window[out++] = window[from++] as number;
    }
    [this.at, this.bits, this.held, this.out] = [at, bits, held, out];
    this.giveBack();
  }

  /** Decode one symbol. */
  private symbol(): void {
    const symbol = this.decode(this.symbols);
    if (symbol < END_OF_BLOCK) {
      this.window[this.out++] = symbol;
    } else if (symbol === END_OF_BLOCK) {
      this.step = this.block;
    } else {
      const length = (LENGTH_BASE[symbol - 257] as number) + this.take(LENGTH_EXTRA[symbol - 257] ?? 0);
      const code = this.decode(this.distances);
      const distance = (DISTANCE_BASE[code] as number) + this.take(DISTANCE_EXTRA[code] ?? 0);
      if (!(length > 0 && distance <= this.size + this.out - this.summed)) {
        throw new FormatError("it repeats what is not there");
      }
      [this.left, this.distance] = [length, distance];
      this.copy();
    }
  }

  /** Copy what is left of a repetition, as far as the output goes. */
  private copy(): void {
    const { window, distance } = this;
    const stop = Math.min(this.out + this.left, this.limit);
    this.left -= stop - this.out;
    for (let at = this.out; at < stop; at++) window[at] = window[at - distance] as number;
    this.out = stop;
  }

  /** Give back the whole bytes that were read ahead. */
  private giveBack(): void {
    this.at -= this.held >>> 3;
    this.held &= 7;
    this.bits &= (1 << this.held) - 1;
  }

  private trailer(): boolean {
    this.count();
    const [low, high, sizeLow, sizeHigh] = [this.aligned(), this.take(16), this.take(16), this.take(16)];
    if (low + 65536 * high !== this.checksum()) throw new FormatError("its checksum is another");
    if (sizeLow + 65536 * sizeHigh !== this.size % 2 ** 32) throw new FormatError("its length is another");
    this.ended = true;
    return true;
  }

  /** Take 16 bits from the next whole byte on. */
  private aligned(): number {
    this.bits = this.held = 0;
    return this.take(16);
  }

  /** Count the output that was not counted yet. */
  private count(): void {
    if (this.out === this.summed) return;
    this.sum.update(this.window.subarray(this.summed, this.out));
    this.size += this.out - this.summed;
    this.summed = this.out;
  }

  /** Return the CRC-32 of what was counted; nothing is counted after it without `init`. */
  private checksum(): number {
    return Number.parseInt(this.sum.digest(), 16);
  }

  /** Take *count* whole bytes of the header. */
  private headerBytes(count: number): Uint8Array {
    if (this.at + count > this.input.length) throw SHORT;
    const found = this.input.subarray(this.at, this.at + count);
    this.at += count;
    this.sum.update(found);
    return found;
  }

  private take(count: number): number {
    while (this.held < count) {
      if (this.at === this.input.length) throw SHORT;
      this.bits |= (this.input[this.at++] as number) << this.held;
      this.held += 8;
    }
    const found = this.bits & ((1 << count) - 1);
    this.bits >>>= count;
    this.held -= count;
    return found;
  }
}
