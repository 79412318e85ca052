/**
 * Inflates gzip members (RFC 1951, RFC 1952), a piece of input and a piece of output at a time.
 *
 * A browser's own inflater neither tells where in its input a member ended nor goes on behind it. Codes that leave bit
 * patterns without a meaning are no error until one of these is met, and unknown flags are none, as with ISA-L.
 */

import DEFLATE from "../../assembly/deflate.wasm";
import { FormatError } from "../errors.js";

/** Bytes of output that one call gives at most. */
const MOST_OUTPUT = 64 * 1024;
/** What assembly/deflate.ts has room for. */
const [MOST_INPUT, WINDOW] = [8 * 1024, 32 * 1024] as const;
/** What it ends with: more input is wanted, or room; the stream ended; or one of the errors. */
const [MORE_INPUT, END] = [0, 2] as const;
const ERRORS = [
  ...["an unknown kind of block", "a block's length stands there in two ways", "a block has too many codes"],
  ...["a block's codes are malformed", "a block has more codes than there can be", "a code without a meaning"],
  "it repeats what is not there",
] as const;

const METHOD = 8;
const [HAS_CHECKSUM, HAS_EXTRA, HAS_NAME, HAS_COMMENT] = [2, 4, 8, 16] as const;

/** What assembly/deflate.ts exports, where it says what each is. */
interface Deflate {
  readonly memory: WebAssembly.Memory;
  readonly input: WebAssembly.Global<"i32">;
  readonly window: WebAssembly.Global<"i32">;
  begin(): void;
  inflate(size: number, from: number, most: number): number;
  taken(): number;
  written(): number;
  checksum(sum: number, from: number, size: number): number;
}

/** Compiled when it is needed: the page begins without waiting for it. */
let compiled: Promise<WebAssembly.Module> | undefined;

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
  private readonly piece: Uint8Array;
  private readonly window: Uint8Array;
  /** Where the output in the window ends, and where that of it which is in `sum` does. */
  private out = 0;
  private summed = 0;
  private limit = 0;
  /** CRC-32 of the header, and then of the output, and how many bytes of output that are. */
  private sum = 0;
  private size = 0;
  private input: Uint8Array = new Uint8Array(0);
  private at = 0;
  private flags = 0;
  /** Bytes of the header still to be skipped. */
  private left = 0;
  /** What comes next; it returns false when it needs more input. */
  private step: () => boolean = this.fixedHeader;

  private constructor(private readonly deflate: Deflate) {
    const { memory, input, window } = deflate;
    this.piece = new Uint8Array(memory.buffer, input.value, MOST_INPUT);
    this.window = new Uint8Array(memory.buffer, window.value, WINDOW + MOST_OUTPUT);
  }

  static async create(): Promise<Inflater> {
    compiled ??= WebAssembly.compile(DEFLATE);
    const { exports } = await WebAssembly.instantiate(await compiled);
    return new Inflater(exports as unknown as Deflate);
  }

  /** Expect the first byte of a member. */
  begin(): void {
    this.ended = false;
    this.step = this.fixedHeader;
    this.out = this.summed = this.size = this.sum = this.left = 0;
    this.deflate.begin();
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
    const { at } = this;
    try {
      return this.step();
    } catch (error) {
      if (error !== SHORT) throw error;
      this.at = at;
      return false;
    }
  }

  private fixedHeader(): boolean {
    const header = this.header(10);
    if (header[0] !== 0x1f || header[1] !== 0x8b) throw new FormatError("it is no gzip member");
    if (header[2] !== METHOD) throw new FormatError("an unknown method of compression");
    this.flags = header[3] as number;
    this.step = this.extraLength;
    return true;
  }

  private extraLength(): boolean {
    const size = this.flags & HAS_EXTRA ? this.header(2) : [0, 0];
    this.left = (size[0] as number) + 256 * (size[1] as number);
    this.step = this.extra;
    return true;
  }

  private extra(): boolean {
    this.left -= this.header(Math.min(this.left, this.input.length - this.at)).length;
    if (this.left > 0) return false;
    this.step = this.texts;
    return true;
  }

  /** Skip the name and the comment, each up to a zero byte. */
  private texts(): boolean {
    for (const flag of [HAS_NAME, HAS_COMMENT]) {
      if (!(this.flags & flag)) continue;
      const end = this.input.indexOf(0, this.at);
      this.header(end < 0 ? this.input.length - this.at : end + 1 - this.at);
      if (end < 0) return false;
      this.flags &= ~flag;
    }
    this.step = this.headerChecksum;
    return true;
  }

  private headerChecksum(): boolean {
    if (this.flags & HAS_CHECKSUM) {
      const found = this.sum & 0xffff;
      if (numberIn(this.take(2)) !== found) throw new FormatError("the checksum of its header is another");
    }
    this.sum = 0;
    this.step = this.deflated;
    return true;
  }

  private deflated(): boolean {
    const piece = this.input.subarray(this.at, this.at + MOST_INPUT);
    this.piece.set(piece);
    const before = this.out;
    const found = this.deflate.inflate(piece.length, before, this.limit);
    if (found > END) throw new FormatError(ERRORS[found - END - 1] as string);
    const taken = this.deflate.taken();
    this.at += taken;
    this.out = this.deflate.written();
    if (found === END) this.step = this.trailer;
    return found !== MORE_INPUT || taken > 0 || this.out > before;
  }

  private trailer(): boolean {
    this.count();
    const trailer = this.take(8);
    if (numberIn(trailer.subarray(0, 4)) !== this.sum >>> 0) throw new FormatError("its checksum is another");
    if (numberIn(trailer.subarray(4)) !== this.size % 2 ** 32) throw new FormatError("its length is another");
    this.ended = true;
    return true;
  }

  /** Count the output that was not counted yet. */
  private count(): void {
    const size = this.out - this.summed;
    this.sum = this.deflate.checksum(this.sum, this.deflate.window.value + this.summed, size);
    this.size += size;
    this.summed = this.out;
  }

  /** Take *count* whole bytes of the header, and count them. */
  private header(count: number): Uint8Array {
    const found = this.take(count);
    for (let at = 0; at < found.length; at += MOST_INPUT) {
      const piece = found.subarray(at, at + MOST_INPUT);
      this.piece.set(piece);
      this.sum = this.deflate.checksum(this.sum, this.deflate.input.value, piece.length);
    }
    return found;
  }

  private take(count: number): Uint8Array {
    if (this.at + count > this.input.length) throw SHORT;
    this.at += count;
    return this.input.subarray(this.at - count, this.at);
  }
}

/** Return the number that *data* holds, the lowest byte first. */
function numberIn(data: Uint8Array): number {
  return data.reduceRight((found, byte) => 256 * found + byte, 0);
}
