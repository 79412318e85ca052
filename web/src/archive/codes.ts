/** The Huffman codes of deflate (RFC 1951, 3.2), as tables. */

import { FormatError } from "../errors.js";

const LONGEST = 15;

/** Codes by the bits that come next, as many as the longest has: `symbol * 16 + length`, 0 where none begins so. */
export interface Codes {
  readonly table: Uint16Array;
  readonly longest: number;
}

/** Order in which the lengths of the codes for lengths are written. */
export const LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] as const;
/** Length that a symbol from 257 on begins at, and how many bits are added to it. */
export const LENGTH_BASE = Uint16Array.of(
  ...[3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258],
);
export const LENGTH_EXTRA = Uint8Array.from(LENGTH_BASE, (_, at) => (at < 8 || at === 28 ? 0 : (at >> 2) - 1));
export const DISTANCE_EXTRA = Uint8Array.from({ length: 30 }, (_, at) => (at < 4 ? 0 : (at >> 1) - 1));
/** Distance that a symbol begins at, and above how many bits are added to it. */
export const DISTANCE_BASE = Uint16Array.from({ length: 30 }, (_, at) => {
  return at < 4 ? at + 1 : ((2 + (at & 1)) << ((at >> 1) - 1)) + 1;
});

/** Return the codes whose *lengths* are given by symbol; raises `FormatError` when there are more than there can be. */
export function codes(lengths: Uint8Array): Codes {
  const counts = new Uint16Array(LONGEST + 1);
  for (const length of lengths) counts[length] = (counts[length] as number) + 1;
  const next = new Uint32Array(LONGEST + 2);
  let longest = 0;
  for (let bits = 1; bits <= LONGEST; bits++) {
    const count = counts[bits] as number;
    next[bits + 1] = ((next[bits] as number) + count) << 1;
    if (count > 0) longest = bits;
  }
  if ((next[LONGEST + 1] as number) > 2 << LONGEST) throw new FormatError("a block has more codes than there can be");
  const table = new Uint16Array(1 << longest);
  lengths.forEach((length, symbol) => {
    if (length === 0) return;
    const code = next[length] as number;
    next[length] = code + 1;
    for (let at = reversed(code, length); at < table.length; at += 1 << length) table[at] = (symbol << 4) | length;
  });
  return { table, longest };
}

function reversed(code: number, length: number): number {
  let found = 0;
  for (let bit = 0; bit < length; bit++) found |= ((code >> bit) & 1) << (length - 1 - bit);
  return found;
}

/** The codes of blocks that bring none (RFC 1951, 3.2.6). */
export const FIXED = {
  symbols: codes(Uint8Array.from({ length: 288 }, (_, at) => (at < 144 ? 8 : at < 256 ? 9 : at < 280 ? 7 : 8))),
  distances: codes(new Uint8Array(32).fill(5)),
} as const;
