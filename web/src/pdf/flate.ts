/** Packed streams: zlib (RFC 1950, RFC 1951), a piece at a time, and the predictors of cross-reference streams. */

import { Inflate } from "fflate";

import { concat } from "../bytes.js";
import { FormatError } from "../errors.js";

/** Bytes unpacked in one go: each may become a thousand. */
const PIECE = 16 * 1024;
const ADLER = 65521;

/** Hand the bytes that *packed* unpacks to to *take*, piece by piece; raises `FormatError`. */
export function unpack(packed: Uint8Array, take: (piece: Uint8Array) => void): void {
  const [method = 0, flags = 0] = packed;
  if (packed.length < 6 || (method & 0x0f) !== 8 || (method * 256 + flags) % 31 !== 0 || (flags & 0x20) !== 0) {
    throw new FormatError("packed data have no proper beginning");
  }
  const sum = adler();
  const inflater = new Inflate((piece) => {
    sum.update(piece);
    take(piece);
  });
  const end = packed.length - 4;
  for (let at = 2; at < end; at += PIECE) {
    const stop = Math.min(end, at + PIECE);
    try {
      inflater.push(packed.subarray(at, stop), stop === end);
    } catch (error) {
      if (error instanceof FormatError || !(error instanceof Error && "code" in error)) throw error;
      throw new FormatError(`packed data are broken: ${error.message}`);
    }
  }
  const stated = new DataView(packed.buffer, packed.byteOffset + end).getUint32(0);
  if (stated !== sum.value()) throw new FormatError("the checksum of packed data is another");
}

/** Return what *packed* unpacks to; raises `FormatError` when that is broken, or more than *limit* bytes. */
export function unpacked(packed: Uint8Array, limit: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let size = 0;
  unpack(packed, (piece) => {
    size += piece.length;
    if (size > limit) throw new FormatError(`packed data have more than ${limit} bytes`);
    parts.push(piece);
  });
  return concat(...parts);
}

/** Undo the predictors of PNG (ISO 32000-2, 7.4.4.4), rows of *columns* bytes; raises `FormatError`. */
export function unpredicted(data: Uint8Array, columns: number): Uint8Array {
  const rows = data.length / (columns + 1);
  if (!Number.isInteger(rows)) throw new FormatError("packed data have no whole rows");
  const out = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const [kind, from, to] = [data[row * (columns + 1)], row * (columns + 1) + 1, row * columns];
    for (let at = 0; at < columns; at++) {
      const left = at > 0 ? (out[to + at - 1] as number) : 0;
      const above = row > 0 ? (out[to - columns + at] as number) : 0;
      const guess = kind === 0 ? 0 : kind === 1 ? left : kind === 2 ? above : kind === 3 ? (left + above) >> 1 : -1;
      if (guess < 0) throw new FormatError("packed data have a predictor that is not read here");
      out[to + at] = ((data[from + at] as number) + guess) & 0xff;
    }
  }
  return out;
}

function adler(): { update(data: Uint8Array): void; value(): number } {
  let [low, high] = [1, 0];
  return {
    update(data) {
      for (let at = 0; at < data.length;) {
        // As many as can be added before a sum must be cut.
        for (const stop = Math.min(data.length, at + 3800); at < stop; at++) {
          low += data[at] as number;
          high += low;
        }
        low %= ADLER;
        high %= ADLER;
      }
    },
    value: () => high * 65536 + low,
  };
}
