/**
 * Zips (APPNOTE 6.3.10): reading those that anybody made, and checking that ours are canonical (evidence-format.md, 6).
 *
 * Entries are stored or deflated, never encrypted; a stored entry is a window on the file. What could be read as two
 * things is not read. Numbers are exact up to 2^53 bytes.
 */

import { inflateSync } from "fflate";

import { type Bytes, byCodePoint, concat, equal, text, utf8 } from "../bytes.js";
import { shorten } from "../display.js";
import { crc32, crc32OfBlob } from "../digest.js";
import { attempt, FormatError } from "../errors.js";
import type { Problem } from "../models.js";
import { folded, readBlob } from "../tree.js";
import { askSums, type OurHelpers } from "./ahead.js";
import { BLOCK, Reader } from "./blocks.js";

const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 0x1;
const SIZES_FOLLOW = 0x8;
const UTF8 = 0x800;
const FULL16 = 0xffff;
const FULL32 = 0xffffffff;
const FIRST_DAY = 0x0021;
const UNIX = 3 << 8;
const REGULAR_FILE = 0o100644 * 0x10000;
const LARGEST_DIRECTORY = 256 * 1024 * 1024;
/** Bytes up to which a deflated entry is inflated: ours are stored, and what is deflated was packed by somebody else. */
const LARGEST_INFLATED = 256 * 1024 * 1024;
const SUSPICIOUS_SIZE = 100 * 1024 * 1024;
const SUSPICIOUS_RATIO = 250;
const CONTROL = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;
/** Bytes of an entry from which on it takes longer to count its checksum here than to ask for it. */
const WORTHWHILE = 512 * 1024;
const CP437 =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ";

/** What reading a zip gave. */
export interface Zip {
  /** By name, in the order of the file. */
  readonly entries: ReadonlyMap<string, Blob>;
  /** Those that are stored, by where their data begin. */
  readonly stored: ReadonlyMap<number, Blob>;
  /** Entries that are left out, or doubtful: name, English sentence. */
  readonly problems: readonly Problem[];
}

interface Entry {
  readonly name: string;
  readonly rawName: Uint8Array;
  readonly flags: number;
  readonly method: number;
  readonly crc32: number;
  readonly packed: number;
  readonly size: number;
  readonly offset: number;
}

/** Return the entries of the zip in *file*, folders left out; raises `FormatError` when there is no directory to read. */
export async function readZip(file: Blob): Promise<Zip> {
  const { directory, begin, shift } = await readDirectory(file);
  const reader = new Reader(file);
  const entries = new Map<string, Blob>();
  const stored = new Map<number, Blob>();
  const problems: Problem[] = [];
  let endOfLast = 0;
  for (const entry of directoryEntries(directory, shift).sort((one, other) => one.offset - other.offset)) {
    if (entry.name.endsWith("/") && entry.size === 0) continue;
    const problem = problemOf(entry) || (entries.has(entry.name) ? "it stands twice" : "");
    if (problem !== "") {
      problems.push([entry.name, problem]);
      continue;
    }
    if (entry.offset < endOfLast) {
      problems.push([entry.name, "it overlaps the entry before it"]);
      continue;
    }
    const start = await dataOffset(reader, entry);
    const end = typeof start === "string" ? 0 : start + entry.packed;
    if (typeof start === "string" || end > begin) {
      problems.push([entry.name, typeof start === "string" ? start : "it reaches into the directory"]);
      continue;
    }
    endOfLast = end;
    const packed = file.slice(start, end);
    entries.set(entry.name, entry.method === STORED ? packed : await inflated(packed, entry, problems));
    if (entry.method === STORED) stored.set(start, packed);
  }
  return { entries, stored, problems };
}

/**
 * Return what is wrong with the form of the canonical zip in *file*: nothing, or sentences naming the entry.
 *
 * The checksums of large entries are counted by *helpers*, if there are any, together with the digests of those that
 * are in *zip*.
 */
export async function checkCanonical(file: Blob, helpers?: OurHelpers, zip?: Zip): Promise<string[]> {
  const entries: Entry[] = [];
  const sums: Promise<number | FormatError>[] = [];
  const reader = new Reader(file);
  let at = 0;
  const end = await attempt(async () => {
    while (equal(await reader.read(at, at + 4), signature(3, 4))) {
      const entry = await readCanonicalEntry(reader, at);
      const begin = at + localHeader(entry).length;
      const asked = entry.size >= WORTHWHILE ? helpers : undefined;
      const known = zip?.stored.get(begin);
      const data = known?.size === entry.size ? known : file.slice(begin, begin + entry.size);
      const sum = attempt(() => checksum(reader, begin, data, asked));
      if (asked === undefined) await sum;
      entries.push(entry);
      sums.push(sum);
      at = begin + entry.size;
    }
  });
  const problems: string[] = [];
  for (const [index, entry] of entries.entries()) {
    const found = await sums[index];
    if (found instanceof FormatError) return [...problems, found.message];
    if (found !== entry.crc32) problems.push(`entry ${shorten(entry.name)}: data does not match its checksum`);
  }
  if (end instanceof FormatError) return [...problems, end.message];
  if (new Set(entries.map((entry) => folded(entry.name))).size !== entries.length) problems.push("an entry stands twice");
  return [...problems, ...(await tailProblems(reader, entries, at))];
}

async function checksum(
  reader: Reader,
  begin: number,
  data: Blob,
  helpers: OurHelpers | undefined,
): Promise<number> {
  if (data.size <= BLOCK) return crc32(await reader.read(begin, begin + data.size));
  return (helpers && (await askSums(data, helpers))?.crc32) ?? crc32OfBlob(data);
}

async function tailProblems(reader: Reader, entries: readonly Entry[], begin: number): Promise<string[]> {
  let at = begin;
  for (const entry of entries) {
    const expected = centralHeader(entry);
    if (!equal(await reader.read(at, at + expected.length), expected)) {
      return [`entry ${shorten(entry.name)}: the central directory differs from the canonical one for this entry`];
    }
    at += expected.length;
  }
  const expected = endRecords(entries.length, at - begin, begin);
  if (!equal(await reader.read(at, at + expected.length), expected)) {
    return ["the end record of the zip is not the canonical one, or an entry's header was overwritten"];
  }
  const after = reader.file.size - at - expected.length;
  return after > 0 ? [`${after} bytes after the end of the zip`] : [];
}

async function readCanonicalEntry(reader: Reader, offset: number): Promise<Entry> {
  const fixed = await reader.read(offset, offset + 30);
  if (fixed.length < 30) throw new FormatError(`the file ends inside the entry header at byte ${offset}`);
  const view = new DataView(fixed.buffer, fixed.byteOffset);
  const nameLength = view.getUint16(26, true);
  const extraLength = view.getUint16(28, true);
  const rest = await reader.read(offset + 30, offset + 30 + nameLength + extraLength);
  const rawName = rest.subarray(0, nameLength);
  let size = view.getUint32(22, true);
  if (size === FULL32 && extraLength === 20 && rest.length === nameLength + 20) size = u64(rest, nameLength + 4);
  const name = decodable(rawName);
  if (name === undefined || !isSafe(name)) {
    throw new FormatError(`the entry at byte ${offset} has a name that a canonical zip cannot hold`);
  }
  const crc32 = view.getUint32(14, true);
  const entry: Entry = { name, rawName, flags: UTF8, method: STORED, crc32, packed: size, size, offset };
  if (!equal(localHeader(entry), concat(fixed, rest))) {
    throw new FormatError(`entry ${shorten(name)}: its header at byte ${offset} is not the canonical one`);
  }
  if (offset + 30 + rest.length + size > reader.file.size) {
    throw new FormatError(`entry ${shorten(name)}: its data would reach beyond the end of the file`);
  }
  return entry;
}

function localHeader(entry: Entry): Bytes {
  const name = utf8(entry.name);
  const large = entry.size >= FULL32;
  const size = large ? FULL32 : entry.size;
  const extra = large ? concat(u16s(1, 16), u64Bytes(entry.size), u64Bytes(entry.size)) : new Uint8Array();
  const head = concat(signature(3, 4), u16s(large ? 45 : 20, UTF8, STORED, 0, FIRST_DAY));
  return concat(head, u32s(entry.crc32, size, size), u16s(name.length, extra.length), name, extra);
}

function centralHeader(entry: Entry): Bytes {
  const name = utf8(entry.name);
  const numbers = [entry.size, entry.size, entry.offset].filter((number) => number >= FULL32);
  const extra = numbers.length > 0 ? concat(u16s(1, 8 * numbers.length), ...numbers.map(u64Bytes)) : new Uint8Array();
  const version = numbers.length > 0 ? 45 : 20;
  const size = Math.min(entry.size, FULL32);
  const head = concat(signature(1, 2), u16s(UNIX | version, version, UTF8, STORED, 0, FIRST_DAY));
  const sizes = concat(u32s(entry.crc32, size, size), u16s(name.length, extra.length, 0, 0, 0));
  return concat(head, sizes, u32s(REGULAR_FILE, Math.min(entry.offset, FULL32)), name, extra);
}

function endRecords(count: number, size: number, offset: number): Bytes {
  const shown = Math.min(count, FULL16);
  const end = concat(
    signature(5, 6),
    u16s(0, 0, shown, shown),
    u32s(Math.min(size, FULL32), Math.min(offset, FULL32)),
    u16s(0),
  );
  if (count < FULL16 && size < FULL32 && offset < FULL32) return end;
  const versions = concat(u16s(UNIX | 45, 45), u32s(0, 0));
  const numbers = concat(u64Bytes(count), u64Bytes(count), u64Bytes(size), u64Bytes(offset));
  const locator = concat(signature(6, 7), u32s(0), u64Bytes(offset + size), u32s(1));
  return concat(signature(6, 6), u64Bytes(44), versions, numbers, locator, end);
}

/** Return the central directory's bytes, where it begins, and how much all offsets must be raised by. */
async function readDirectory(file: Blob): Promise<{ directory: Bytes; begin: number; shift: number }> {
  const tailAt = Math.max(0, file.size - 22 - FULL16);
  const tail = await slice(file, tailAt, file.size);
  const at = endRecordIn(tail);
  if (at < 0) throw new FormatError("not a zip: it has no end record");
  const view = new DataView(tail.buffer, tail.byteOffset + at);
  let size = view.getUint32(12, true);
  let offset = view.getUint32(16, true);
  let end = tailAt + at;
  const locator = await slice(file, end - 20, end);
  if (end >= 20 && equal(locator.subarray(0, 4), signature(6, 7))) {
    const record = await slice(file, end - 76, end - 20);
    if (record.length === 56 && equal(record.subarray(0, 4), signature(6, 6))) {
      size = u64(record, 40);
      offset = u64(record, 48);
      end -= 76;
    }
  }
  const begin = end - size;
  // Where bytes before it were taken away, the entries behind them are still found, as Python finds them.
  if (begin < 0 || size > LARGEST_DIRECTORY) throw new FormatError("not a zip: its directory is not where it should be");
  return { directory: await slice(file, begin, end), begin, shift: begin - offset };
}

function endRecordIn(tail: Uint8Array): number {
  for (let at = tail.length - 22; at >= 0; at--) {
    if (tail[at] === 0x50 && tail[at + 1] === 0x4b && tail[at + 2] === 5 && tail[at + 3] === 6) return at;
  }
  return -1;
}

function directoryEntries(directory: Bytes, shift: number): Entry[] {
  const found: Entry[] = [];
  const view = new DataView(directory.buffer, directory.byteOffset, directory.length);
  for (let at = 0; at < directory.length; ) {
    if (at + 46 > directory.length || !equal(directory.subarray(at, at + 4), signature(1, 2))) {
      throw new FormatError("not a zip: its directory is damaged");
    }
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => view.getUint16(at + field, true)) as [
      number,
      number,
      number,
    ];
    const rawName = directory.subarray(at + 46, at + 46 + nameLength);
    const extra = directory.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength);
    const flags = view.getUint16(at + 8, true);
    const sizes = largeSizes(extra, [24, 20, 42].map((field) => view.getUint32(at + field, true)));
    const [size, packed, offset] = sizes as [number, number, number];
    const name = flags & UTF8 ? (decodable(rawName) ?? "") : fromCp437(rawName);
    if (flags & UTF8 && decodable(rawName) === undefined) throw new FormatError("not a zip: a name in it is not UTF-8");
    const method = view.getUint16(at + 10, true);
    found.push({ name, rawName, flags, method, crc32: view.getUint32(at + 16, true), packed, size, offset: offset + shift });
    at += 46 + nameLength + extraLength + commentLength;
  }
  return found;
}

/** Put the numbers of the ZIP64 field in place of those that say that they stand there. */
function largeSizes(extra: Bytes, numbers: number[]): number[] {
  let field = new Uint8Array();
  for (let at = 0; at + 4 <= extra.length; ) {
    const view = new DataView(extra.buffer, extra.byteOffset + at);
    const end = at + 4 + view.getUint16(2, true);
    if (end > extra.length) throw new FormatError("not a zip: an extra field is damaged");
    if (view.getUint16(0, true) === 1) field = extra.slice(at + 4, end);
    at = end;
  }
  let used = 0;
  return numbers.map((number) => {
    if (number !== FULL32) return number;
    if (used + 8 > field.length) throw new FormatError("not a zip: a ZIP64 field is missing");
    used += 8;
    return u64(field, used - 8);
  });
}

function problemOf(entry: Entry): string {
  const parts = entry.name.split("/");
  const outside = parts.some((part) => part === "" || part === "." || part === "..") || parts[0]?.includes(":");
  if (outside || /[\\\0]/.test(entry.name)) return "its name could lead out of a folder";
  if (entry.flags & ENCRYPTED) return "it is encrypted";
  if (entry.method !== STORED && entry.method !== DEFLATED) {
    return `it is compressed by method ${entry.method}, which is not read here`;
  }
  if (entry.method === STORED && entry.packed !== entry.size) return "its two sizes differ although it is not compressed";
  if (entry.size > Math.max(SUSPICIOUS_SIZE, SUSPICIOUS_RATIO * entry.packed)) {
    return `it would inflate ${entry.packed} bytes to ${entry.size}`;
  }
  return "";
}

/** Return where an entry's data begins, or what its own header says otherwise than the directory. */
async function dataOffset(reader: Reader, entry: Entry): Promise<number | string> {
  const header = await reader.read(entry.offset, entry.offset + 30);
  if (entry.offset < 0 || header.length < 30 || !equal(header.subarray(0, 4), signature(3, 4))) {
    return "there is no header of its own where the directory says";
  }
  const view = new DataView(header.buffer, header.byteOffset);
  const [flags, method] = [view.getUint16(6, true), view.getUint16(8, true)];
  const [packed, size] = [view.getUint32(18, true), view.getUint32(22, true)];
  const nameLength = view.getUint16(26, true);
  const name = await reader.read(entry.offset + 30, entry.offset + 30 + nameLength);
  const otherSizes = !(packed === entry.packed && size === entry.size) && !(packed === FULL32 && size === FULL32);
  const contradicts =
    !equal(name, entry.rawName) || method !== entry.method || ((flags ^ entry.flags) & (ENCRYPTED | UTF8)) !== 0;
  if (contradicts || (!(flags & SIZES_FOLLOW) && otherSizes)) return "its own header says something else than the directory";
  return entry.offset + 30 + nameLength + view.getUint16(28, true);
}

async function inflated(packed: Blob, entry: Entry, problems: Problem[]): Promise<Blob> {
  if (entry.size > LARGEST_INFLATED) {
    problems.push([entry.name, "it is too large to be inflated here: unpack the zip and give the folder"]);
    return new Blob([]);
  }
  try {
    const data = inflateSync(await readBlob(packed, entry.name), { out: new Uint8Array(entry.size) });
    return new Blob([data as Bytes]);
  } catch (error) {
    problems.push([entry.name, `it cannot be inflated: ${error instanceof Error ? error.message : "damaged"}`]);
    return new Blob([]);
  }
}

/** Whether a canonical zip may hold this name: printable, and no unzip program would write it elsewhere. */
function isSafe(name: string): boolean {
  if (CONTROL.test(name) || /[\\:]/.test(name)) return false;
  return !name.split("/").some((part) => part === "" || part === "." || part === "..");
}

function decodable(data: Uint8Array): string | undefined {
  try {
    return text(data, "the name");
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

function fromCp437(data: Uint8Array): string {
  return Array.from(data, (byte) => (byte < 128 ? String.fromCharCode(byte) : (CP437[byte - 128] as string))).join("");
}

async function slice(file: Blob, begin: number, end: number): Promise<Bytes> {
  return readBlob(file.slice(Math.max(0, begin), Math.max(0, end)), "the zip");
}

function signature(one: number, other: number): Bytes {
  return new Uint8Array([0x50, 0x4b, one, other]);
}

function u16s(...numbers: number[]): Bytes {
  const data = new DataView(new ArrayBuffer(2 * numbers.length));
  for (const [at, number] of numbers.entries()) data.setUint16(2 * at, number, true);
  return new Uint8Array(data.buffer);
}

function u32s(...numbers: number[]): Bytes {
  const data = new DataView(new ArrayBuffer(4 * numbers.length));
  for (const [at, number] of numbers.entries()) data.setUint32(4 * at, number, true);
  return new Uint8Array(data.buffer);
}

function u64Bytes(number: number): Bytes {
  const data = new DataView(new ArrayBuffer(8));
  data.setBigUint64(0, BigInt(number), true);
  return new Uint8Array(data.buffer);
}

function u64(data: Uint8Array, at: number): number {
  if (at + 8 > data.length) throw new FormatError("not a zip: a number is cut off");
  const found = Number(new DataView(data.buffer, data.byteOffset).getBigUint64(at, true));
  if (!Number.isSafeInteger(found)) throw new FormatError("not a zip: a number is larger than any file");
  return found;
}

/** Whether the entries' names stand in the order of code points. */
export function isSorted(names: readonly string[]): boolean {
  return names.every((name, at) => at === 0 || byCodePoint(names[at - 1] as string, name) <= 0);
}
