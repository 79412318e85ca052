/**
 * The bits of deflate (RFC 1951), in AssemblyScript, for what is too slow in TypeScript. `src/archive/inflate.ts` says
 * what it is for, and nothing else calls it.
 *
 * It goes on where it stopped, whatever is given of the input and wanted of the output at a time. Codes that leave bit
 * patterns without a meaning are no error until one of these is met, as with ISA-L.
 */

/** Bytes behind what counts that may be read, or written, with it. */
const SLACK: i32 = 16;
/** 8 KiB of input; of output the 32 KiB that a repetition can reach back to, and 64 KiB. */
export const input: usize = memory.data(8 * 1024 + SLACK, 8);
export const window: usize = memory.data((32 + 64) * 1024 + SLACK, 8);

/** What `inflate` ends with; the larger ones are errors. */
const MORE_INPUT: i32 = 0;
const FULL: i32 = 1;
const END: i32 = 2;
const UNKNOWN_BLOCK: i32 = 3;
const OTHER_LENGTH: i32 = 4;
const MANY_CODES: i32 = 5;
const MALFORMED_CODES: i32 = 6;
const IMPOSSIBLE_CODES: i32 = 7;
const NO_MEANING: i32 = 8;
const NOT_THERE: i32 = 9;
/** It has not ended. */
const ON: i32 = -1;

const LONGEST: i32 = 15;
const LONGEST_REPETITION: i32 = 258;
const MOST_SYMBOLS: i32 = 286;
const MOST_DISTANCES: i32 = 30;
const LENGTH_CODES: i32 = 19;
const END_OF_BLOCK: i32 = 256;
/** Order in which the lengths of the codes for lengths are written. */
const ORDER: StaticArray<u8> = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/**
 * Codes by the bits that come next: a table for some of them, and behind it the tables for what is longer. Bits 0 to 3
 * of an entry are the length of its code (0 where none begins so), 4 to 6 say what it is, 8 to 11 how many bits are added
 * to its value, and 16 to 31 are that: a byte, a length, a distance, or where the table for more bits begins.
 */
const LITERAL: u32 = 0x10;
const LAST: u32 = 0x20;
const LONGER: u32 = 0x40;
const SYMBOL_BITS: i32 = 11;
const DISTANCE_BITS: i32 = 8;
const LENGTH_BITS: i32 = 7;
/** Codes of one length follow each other, so that half of the symbols at most begin a table of their own. */
const symbols: usize = memory.data(4 * (2048 + 144 * 16), 8);
const distances: usize = memory.data(4 * (256 + 16 * 128), 8);
/** The lengths of codes, and the codes for these, which have up to `LENGTH_BITS`. */
const lengths: usize = memory.data(320, 8);
const lengthCodes: usize = memory.data(4 * 128, 8);
const counts: usize = memory.data(4 * 16, 8);
const places: usize = memory.data(4 * 17, 8);
/** Of the codes prepared last: bits of the longest one, and bits by which the first table is looked into. */
let longest: i32 = 0;
let width: i32 = 0;
let longestSymbol: i32 = 0;
let symbolWidth: i32 = 0;
let longestDistance: i32 = 0;
let distanceWidth: i32 = 0;

/** Bits that were taken from the input and not used, zeros above them, and how many they are. */
let bits: u64 = 0;
let held: i32 = 0;
/** Where the input goes on and ends, and where the output does. */
let at: usize = 0;
let end: usize = 0;
let out: usize = 0;
let limit: usize = 0;
/** Bytes of the whole output before *window*. */
let before: i64 = 0;
let last: bool = false;
let inside: bool = false;
let stored: bool = false;
/** Bytes still to be stored, or repeated from so far back. */
let left: i32 = 0;
let distance: i32 = 0;
/** Where that begins which has to be taken as a whole. */
let markedAt: usize = 0;
let markedBits: u64 = 0;
let markedHeld: i32 = 0;

/** What 1 to 8 bytes before it make of a byte, for the checksum of the output (RFC 1952, 8). */
const sums: usize = memory.data(4 * 8 * 256, 8);
for (let byte = 0; byte < 256; byte++) {
  let sum: u32 = byte;
  for (let bit = 0; bit < 8; bit++) sum = (sum >> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  store<u32>(sums + 4 * byte, sum);
}
for (let place = 0; place < 7 * 256; place++) {
  const sum = load<u32>(sums + 4 * place);
  store<u32>(sums + 4 * (place + 256), (sum >> 8) ^ load<u32>(sums + 4 * (sum & 255)));
}

/** Return the CRC-32 of what has the CRC-32 *sum* and *size* bytes at *from* behind it. */
export function checksum(sum: u32, from: usize, size: i32): u32 {
  const stop = from + size;
  sum = ~sum;
  for (; from + 8 <= stop; from += 8) {
    const word = load<u32>(from) ^ sum;
    const next = load<u32>(from, 4);
    sum =
      summed(7, word) ^ summed(6, word >> 8) ^ summed(5, word >> 16) ^ summed(4, word >> 24) ^
      summed(3, next) ^ summed(2, next >> 8) ^ summed(1, next >> 16) ^ summed(0, next >> 24);
  }
  for (; from < stop; from++) sum = (sum >> 8) ^ summed(0, sum ^ load<u8>(from));
  return ~sum;
}

// @ts-ignore: decorators of functions are AssemblyScript's own
@inline
function summed(place: usize, byte: u32): u32 {
  return load<u32>(sums + 1024 * place + 4 * <usize>(byte & 255));
}

/** Expect the first bit of a stream. */
export function begin(): void {
  bits = before = 0;
  held = left = 0;
  out = window;
  last = inside = stored = false;
}

/** Return how many bytes of the input the last call took. */
export function taken(): i32 {
  return <i32>(at - input);
}

/** Return where the output ends now, as an offset in the window. */
export function written(): i32 {
  return <i32>(out - window);
}

/**
 * Go on with *size* bytes of input, and put the output into the window from *from*, where the caller moved the end of
 * what came last, up to *most*. What needs more input than there is, is not taken.
 */
export function inflate(size: i32, from: i32, most: i32): i32 {
  at = input;
  end = input + size;
  before += written() - from;
  out = window + from;
  limit = window + most;
  let found = ON;
  while (found == ON) {
    if (out >= limit) found = FULL;
    else if (inside) found = stored ? copyStored() : decode();
    else found = last ? END : beginBlock();
  }
  return found;
}

/** Forget what was taken since `mark`. */
function moreInput(): i32 {
  at = markedAt;
  bits = markedBits;
  held = markedHeld;
  return MORE_INPUT;
}

function mark(): void {
  markedAt = at;
  markedBits = bits;
  markedHeld = held;
}

/** Take input until there are *count* bits, and return whether there are. */
function has(count: i32): bool {
  while (held < count) {
    if (at == end) return false;
    bits |= (<u64>load<u8>(at++)) << held;
    held += 8;
  }
  return true;
}

function use(count: i32): i32 {
  const found = <i32>bits & ((1 << count) - 1);
  bits >>= count;
  held -= count;
  return found;
}

/** Give back the whole bytes that were taken and not used. */
function giveBack(): void {
  at -= held >> 3;
  held &= 7;
  bits &= (1 << held) - 1;
}

function beginBlock(): i32 {
  mark();
  if (!has(3)) return moreInput();
  const final = use(1) == 1;
  const kind = use(2);
  const found = kind == 0 ? beginStored() : kind == 1 ? fixedCodes() : kind == 2 ? ownCodes() : UNKNOWN_BLOCK;
  if (found != ON) return found;
  giveBack();
  stored = kind == 0;
  last = final;
  inside = true;
  return ON;
}

function beginStored(): i32 {
  use(held & 7);
  if (!has(32)) return moreInput();
  left = use(16);
  return use(16) == (left ^ 0xffff) ? ON : OTHER_LENGTH;
}

function copyStored(): i32 {
  const size = min(left, <i32>min(end - at, limit - out));
  memory.copy(out, at, size);
  out += size;
  at += size;
  left -= size;
  inside = left > 0;
  return inside && at == end && out < limit ? MORE_INPUT : ON;
}

/** Prepare the codes of blocks that bring none (3.2.6). */
function fixedCodes(): i32 {
  for (let symbol = 0; symbol < 288; symbol++) {
    store<u8>(lengths + symbol, symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8);
  }
  memory.fill(lengths + 288, 5, 32);
  return prepareBoth(288, 32);
}

/** Read and prepare the codes that stand before a block (3.2.7). */
function ownCodes(): i32 {
  if (!has(14)) return moreInput();
  const symbolCount = 257 + use(5);
  const distanceCount = 1 + use(5);
  const lengthCount = 4 + use(4);
  if (symbolCount > MOST_SYMBOLS || distanceCount > MOST_DISTANCES) return MANY_CODES;
  memory.fill(lengths, 0, LENGTH_CODES);
  for (let place = 0; place < lengthCount; place++) {
    if (!has(3)) return moreInput();
    store<u8>(lengths + unchecked(ORDER[place]), <u8>use(3));
  }
  if (!prepare(lengthCodes, LENGTH_BITS, LENGTH_CODES, lengths)) return IMPOSSIBLE_CODES;
  const found = ownLengths(symbolCount + distanceCount);
  return found == ON ? prepareBoth(symbolCount, distanceCount) : found;
}

/** Read the lengths of so many codes, by the codes that were prepared for them. */
function ownLengths(count: i32): i32 {
  for (let place = 0; place < count; ) {
    const enough = has(longest);
    const entry = load<u32>(lengthCodes + 4 * (<u32>bits & ((1 << longest) - 1)));
    const length = entry & 15;
    if (length == 0 || <i32>length > held) return enough ? NO_MEANING : moreInput();
    use(length);
    const symbol = entry >> 16;
    let repeated = symbol;
    let times = 1;
    if (symbol >= 16) {
      const added = symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
      if (!has(added)) return moreInput();
      times = use(added) + (symbol == 18 ? 11 : 3);
      if (symbol == 16 && place == 0) return MALFORMED_CODES;
      repeated = symbol == 16 ? load<u8>(lengths + place - 1) : 0;
    }
    if (place + times > count) return MALFORMED_CODES;
    memory.fill(lengths + place, <u8>repeated, times);
    place += times;
  }
  return ON;
}

/** Prepare the codes of a block, whose *lengths* stand one behind the other. */
function prepareBoth(symbolCount: i32, distanceCount: i32): i32 {
  if (!prepare(symbols, SYMBOL_BITS, symbolCount, lengths)) return IMPOSSIBLE_CODES;
  longestSymbol = longest;
  symbolWidth = width;
  if (!prepare(distances, DISTANCE_BITS, distanceCount, lengths + symbolCount)) return IMPOSSIBLE_CODES;
  longestDistance = longest;
  distanceWidth = width;
  return ON;
}

/** Fill *table* with the codes whose lengths stand at *from*; false when they are more than there can be. */
function prepare(table: usize, mostBits: i32, count: i32, from: usize): bool {
  memory.fill(counts, 0, 4 * 16);
  for (let symbol = 0; symbol < count; symbol++) {
    const counted = counts + 4 * load<u8>(from + symbol);
    store<u32>(counted, load<u32>(counted) + 1);
  }
  longest = 0;
  store<u32>(places + 4, 0);
  for (let length = 1; length <= LONGEST; length++) {
    const counted = load<u32>(counts + 4 * length);
    store<u32>(places + 4 * (length + 1), (load<u32>(places + 4 * length) + counted) << 1);
    if (counted > 0) longest = length;
  }
  if (load<u32>(places + 4 * (LONGEST + 1)) > 2 << LONGEST) return false;
  width = min(longest, mostBits);
  memory.fill(table, 0, 4 << width);
  let free = 1 << width;
  for (let symbol = 0; symbol < count; symbol++) {
    const length = <i32>load<u8>(from + symbol);
    if (length == 0) continue;
    const place = places + 4 * length;
    const code = load<u32>(place);
    store<u32>(place, code + 1);
    const entry = table == symbols ? symbolEntry(symbol) : table == distances ? distanceEntry(symbol) : symbol << 16;
    const reversed = reverse(code, length);
    if (length <= width) {
      spread(table, reversed, length, width, entry | length);
      continue;
    }
    const first = table + 4 * (reversed & ((1 << width) - 1));
    if (load<u32>(first) == 0) {
      memory.fill(table + 4 * free, 0, 4 << (longest - width));
      store<u32>(first, LONGER | (free << 16) | width);
      free += 1 << (longest - width);
    }
    const own = table + 4 * (load<u32>(first) >> 16);
    spread(own, reversed >> width, length - width, longest - width, entry | (length - width));
  }
  return true;
}

/** Put *entry* wherever the lower *length* of so many bits are *code*. */
function spread(table: usize, code: u32, length: i32, size: i32, entry: u32): void {
  for (let place = code; place < <u32>1 << size; place += 1 << length) store<u32>(table + 4 * place, entry);
}

function reverse(code: u32, length: i32): u32 {
  let found: u32 = 0;
  for (let bit = 0; bit < length; bit++) found |= ((code >> bit) & 1) << (length - 1 - bit);
  return found;
}

/** Return what a symbol is, without the length of its code; lengths that there are not are 0. */
function symbolEntry(symbol: i32): u32 {
  if (symbol < END_OF_BLOCK) return LITERAL | (symbol << 16);
  if (symbol == END_OF_BLOCK) return LAST;
  const place = symbol - 257;
  if (place > 28) return 0;
  if (place < 8) return (3 + place) << 16;
  if (place == 28) return LONGEST_REPETITION << 16;
  const added = (place >> 2) - 1;
  return ((((4 + (place & 3)) << added) + 3) << 16) | (added << 8);
}

/** Return what a symbol is as a distance, without the length of its code; distances that there are not are 0. */
function distanceEntry(symbol: i32): u32 {
  if (symbol >= MOST_DISTANCES) return 0;
  if (symbol < 4) return (1 + symbol) << 16;
  const added = (symbol >> 1) - 1;
  return ((((2 + (symbol & 1)) << added) + 1) << 16) | (added << 8);
}

function decode(): i32 {
  if (left > 0) return repeat();
  return at + SLACK <= end && out + LONGEST_REPETITION + SLACK <= limit ? decodeAhead() : decodeOne();
}

/** Decode one symbol, if the whole of it is there. */
function decodeOne(): i32 {
  mark();
  has(57);
  const symbol = code(symbols, symbolWidth, longestSymbol);
  if (symbol == 0) return fault;
  if (symbol & LITERAL) {
    store<u8>(out++, <u8>(symbol >> 16));
  } else if (symbol & LAST) {
    inside = false;
  } else {
    const more = (symbol >> 8) & 15;
    if (held < <i32>more) return moreInput();
    const length = (symbol >> 16) + use(more);
    const back = code(distances, distanceWidth, longestDistance);
    if (back == 0) return fault == NO_MEANING ? NOT_THERE : fault;
    const further = (back >> 8) & 15;
    if (held < <i32>further) return moreInput();
    distance = (back >> 16) + use(further);
    if (length == 0 || distance == 0 || <i64>distance > before + written()) return NOT_THERE;
    left = length;
    repeat();
  }
  giveBack();
  return ON;
}

/** Why `code` has none. */
let fault: i32 = 0;

/** Take one code and return its entry, or 0. */
function code(table: usize, size: i32, most: i32): u32 {
  let entry = load<u32>(table + 4 * (<u32>bits & ((1 << size) - 1)));
  let length = <i32>(entry & 15);
  if (entry & LONGER) {
    entry = load<u32>(table + 4 * ((entry >> 16) + (<u32>(bits >> size) & ((1 << (most - size)) - 1))));
    length += <i32>(entry & 15);
  }
  if (entry == 0 || length > held) {
    fault = held < most ? moreInput() : NO_MEANING;
    return 0;
  }
  use(length);
  return entry;
}

/** Repeat as much of what is `left` as may be put out. */
function repeat(): i32 {
  const stop = min(out + left, limit);
  left -= <i32>(stop - out);
  for (; out < stop; out++) store<u8>(out, load<u8>(out - distance));
  return ON;
}

/** Decode symbols for as long as there is more than enough of the input and room for the output. */
function decodeAhead(): i32 {
  const lastInput = end - SLACK;
  const lastOutput = limit - LONGEST_REPETITION - SLACK;
  const symbolMask: u64 = (1 << symbolWidth) - 1;
  const distanceMask: u64 = (1 << distanceWidth) - 1;
  const longerSymbols: u64 = (1 << (longestSymbol - symbolWidth)) - 1;
  const longerDistances: u64 = (1 << (longestDistance - distanceWidth)) - 1;
  const first = <i64>window - before;
  let next = at;
  let kept = bits;
  let count: u64 = held;
  let to = out;
  let found = ON;
  while (next <= lastInput && to <= lastOutput) {
    // 56 bits at least: three symbols, or one and its distance.
    kept |= load<u64>(next) << count;
    next += <usize>((63 - count) >> 3);
    count |= 56;
    let entry = load<u32>(symbols + 4 * <usize>(kept & symbolMask));
    if (entry & LITERAL) {
      kept >>= entry & 15;
      count -= entry & 15;
      store<u8>(to++, <u8>(entry >> 16));
      entry = load<u32>(symbols + 4 * <usize>(kept & symbolMask));
      if (entry & LITERAL) {
        kept >>= entry & 15;
        count -= entry & 15;
        store<u8>(to++, <u8>(entry >> 16));
        continue;
      }
      kept |= load<u64>(next) << count;
      next += <usize>((63 - count) >> 3);
      count |= 56;
    }
    if (entry & LONGER) {
      kept >>= SYMBOL_BITS;
      count -= SYMBOL_BITS;
      entry = load<u32>(symbols + 4 * <usize>((entry >> 16) + (kept & longerSymbols)));
    }
    kept >>= entry & 15;
    count -= entry & 15;
    if (entry & LITERAL) {
      store<u8>(to++, <u8>(entry >> 16));
      continue;
    }
    if ((entry & LAST) != 0 || entry == 0) {
      if (entry == 0) found = NO_MEANING;
      inside = false;
      break;
    }
    let added = (entry >> 8) & 15;
    const length = (entry >> 16) + (<u32>kept & ((1 << added) - 1));
    kept >>= added;
    count -= added;
    entry = load<u32>(distances + 4 * <usize>(kept & distanceMask));
    if (entry & LONGER) {
      kept >>= DISTANCE_BITS;
      count -= DISTANCE_BITS;
      entry = load<u32>(distances + 4 * <usize>((entry >> 16) + (kept & longerDistances)));
    }
    kept >>= entry & 15;
    count -= entry & 15;
    added = (entry >> 8) & 15;
    const back = (entry >> 16) + (<u32>kept & ((1 << added) - 1));
    kept >>= added;
    count -= added;
    if (length == 0 || back == 0 || <i64>to - <i64>back < first) {
      found = NOT_THERE;
      break;
    }
    const stop = to + length;
    if (back >= 8) {
      for (let from = to - back; to < stop; to += 8, from += 8) store<u64>(to, load<u64>(from));
    } else {
      for (; to < stop; to++) store<u8>(to, load<u8>(to - back));
    }
    to = stop;
  }
  at = next;
  bits = kept;
  held = <i32>count;
  out = to;
  giveBack();
  return found;
}
