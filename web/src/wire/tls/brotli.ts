/** A brotli stream (RFC 7932) of a known size, read to its end. */

// @ts-expect-error the package has no types for its inner modules, and its front one sets no bound to what comes out
import { BrotliDecompress } from "../../../node_modules/brotli/dec/decode.js";

import { type Bytes, concat, equal } from "../../bytes.js";
import { FormatError } from "../../errors.js";

/** Bytes that stand behind a stream while it is read: more than a decoder may read ahead. */
const BEHIND = 64;

/** Return the *size* bytes that *data* holds compressed; raises `FormatError` for any other number of them. */
export function unbrotli(data: Bytes, size: number): Bytes {
  const found = whole(data, size);
  // The decoder does not tell where the stream ended: bytes too many would not be missed, nor bits in the last one.
  if (found === null || data.length === 0 || whole(data.subarray(0, -1), size) !== null || isPadded(data, found)) {
    throw new FormatError(`the compressed certificates are not the ${size} bytes that they are said to be`);
  }
  return found;
}

/** Return whether the last bit that is set is none of the stream's: behind its end there may be zeros only. */
function isPadded(data: Bytes, found: Bytes): boolean {
  const last = data[data.length - 1] as number;
  const other = data.slice();
  other[other.length - 1] = last & ~(1 << (31 - Math.clz32(last)));
  const same = last === 0 ? null : whole(other, found.length);
  return same !== null && equal(same, found);
}

/** Return what a stream holds that ends within *data*, whatever stands behind it; else null. */
function whole(data: Bytes, size: number): Bytes | null {
  const [one, other] = [0x00, 0xff].map((byte) => decoded(concat(data, new Uint8Array(BEHIND).fill(byte)), size));
  return one && other && equal(one, other) ? one : null;
}

function decoded(data: Bytes, size: number): Bytes | null {
  const output = new Bounded(size);
  try {
    BrotliDecompress(new Input(data), output);
  } catch (error) {
    // The decoder throws plain errors for whatever is wrong, and others where a table is read beyond its end.
    if (error instanceof Error) return null;
    throw error;
  }
  return output.pos === size ? output.room : null;
}

/** What the decoder reads from. */
class Input {
  private readonly buffer: Bytes;
  private pos = 0;

  constructor(buffer: Bytes) {
    this.buffer = buffer;
  }

  read(into: Uint8Array, at: number, count: number): number {
    const piece = this.buffer.subarray(this.pos, this.pos + count);
    into.set(piece, at);
    this.pos += piece.length;
    return piece.length;
  }
}

/** What the decoder writes to: it may not grow, so nothing is expanded that is larger than was said. */
class Bounded {
  readonly room: Bytes;
  pos = 0;

  constructor(size: number) {
    this.room = new Uint8Array(size);
  }

  get buffer(): Bytes {
    return this.room;
  }

  set buffer(_: Bytes) {
    throw new RangeError("more comes out than was said");
  }

  write(from: Uint8Array, count: number): number {
    if (this.pos + count > this.room.length) throw new RangeError("more comes out than was said");
    this.room.set(from.subarray(0, count), this.pos);
    this.pos += count;
    return count;
  }
}
