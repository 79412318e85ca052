/** The cross-reference sections of a PDF, one for each revision (ISO 32000-2, 7.5.4 to 7.5.8). */

import { FormatError } from "../errors.js";
import { unpacked, unpredicted } from "./flate.js";
import { entriesOf, isArray, isKind, isName, type PdfObject } from "./objects.js";
import { isSpace, type Parser, parseAt } from "./parser.js";
import { LimitError, type Source } from "./source.js";

/** Where an object is: at an offset, inside an object stream, or nowhere any more. */
export type Entry =
  | { readonly kind: "at"; readonly offset: number; readonly generation: number }
  | { readonly kind: "in"; readonly stream: number; readonly index: number }
  | { readonly kind: "free"; readonly generation: number };

/** What one revision added. */
export interface Section {
  /** By number; that of object 0 is left out. */
  readonly entries: ReadonlyMap<number, Entry>;
  readonly trailer: ReadonlyMap<string, PdfObject>;
  /** One more than the highest number that may be used. */
  readonly size: number;
  /** What `startxref` says. */
  readonly declared: number;
  /** Where it ends: of a table before the trailer's dictionary. */
  readonly end: number;
  /** The number of the stream that it is, if it is one. */
  readonly stream: number | undefined;
}

const MOST_SECTIONS = 256;
const MOST_ENTRIES = 4_000_000;
const MOST_TABLE = 64 * 1024 * 1024;
const SEARCHED = 1024;

/** Return the sections, oldest first; raises `FormatError`. Not *strict*, what contradicts itself is taken as it is. */
export async function readSections(source: Source, strict: boolean): Promise<Section[]> {
  const found: Section[] = [];
  const seen = new Set<number>();
  let count = 0;
  for (let at: number | undefined = await startBefore(source, source.size); at !== undefined;) {
    if (seen.has(at)) throw new FormatError("the tables lead in a circle");
    if (seen.size === MOST_SECTIONS) throw new LimitError(`the PDF has more than ${MOST_SECTIONS} revisions`);
    seen.add(at);
    const section: Section = await readSection(source, at, strict);
    found.unshift(section);
    count += section.entries.size;
    if (count > MOST_ENTRIES) throw new LimitError("the PDF has too many objects");
    const before = section.trailer.get("Prev");
    if (before !== undefined && typeof before !== "number")
      throw new FormatError("a table names no place of the one before");
    at = before;
  }
  if (strict && found.some((section, at) => at > 0 && section.size < (found[at - 1] as Section).size)) {
    throw new FormatError("a revision has room for fewer objects than the one before");
  }
  return found;
}

/** Return where the table is of the revision that ends at *end*, as `startxref` says; raises `FormatError`. */
export async function startBefore(source: Source, end: number): Promise<number> {
  const from = Math.max(0, end - 2 * SEARCHED);
  const data = await source.read(from, end - from);
  let at = data.length;
  // Line by line from behind, as readers do: something may have been appended.
  function line(): string {
    if (at <= 0) throw new FormatError("there is no end of a PDF in its last bytes");
    let start = at;
    while (start > 0 && !isBreak(data[start - 1])) start--;
    const found = String.fromCharCode(...data.subarray(start, at));
    at = start;
    while (at > 0 && isBreak(data[at - 1])) at--;
    return found;
  }
  for (let found = ""; !found.startsWith("%%EOF"); found = line()) {
    if (from + at < end - SEARCHED) throw new FormatError("there is no end of a PDF in its last bytes");
  }
  let said = line();
  if (said.startsWith("startxref")) said = said.slice("startxref".length);
  else if (!line().startsWith("startxref")) throw new FormatError("the end of the PDF does not say where its table is");
  const number = /^\s*([0-9]{1,15})\s*$/.exec(said)?.[1];
  if (number === undefined) throw new FormatError("the end of the PDF does not say where its table is");
  return Number(number);
}

function isBreak(byte: number | undefined): boolean {
  return byte === 10 || byte === 13;
}

async function readSection(source: Source, declared: number, strict: boolean): Promise<Section> {
  const isTable = await parseAt(source, declared, (parser) => {
    while (isSpace(parser.peek())) parser.skip();
    return parser.take("xref");
  });
  return isTable ? readTable(source, declared, strict) : readTableStream(source, declared);
}

function readTable(source: Source, declared: number, strict: boolean): Promise<Section> {
  function parse(parser: Parser): Section {
    parser.want("xref");
    const entries = new Map<number, Entry>();
    let highest = 0;
    for (parser.skip(); !parser.take("trailer"); parser.skip()) {
      const first = parser.integer();
      const count = parser.integer();
      parser.skip();
      if (count > MOST_ENTRIES || first + count > Number.MAX_SAFE_INTEGER)
        throw new FormatError("a table is too large");
      for (let number = first; number < first + count; number++) {
        const entry = readRow(parser);
        if (number === 0) continue;
        entries.set(number, entry);
        highest = number;
      }
    }
    parser.skip();
    const end = parser.position;
    const trailer = entriesOf(parser.object(1));
    if (strict && trailer.has("XRefStm")) throw new FormatError("a table has a second one for some readers");
    const size = sizeOf(trailer);
    if (strict && highest >= size) throw new FormatError("a table names an object that it has no room for");
    return { entries, trailer, size, declared, end, stream: undefined };
  }
  return parseAt(source, declared, parse, strict);
}

/** Read one row: ten digits, five digits, `n` or `f`, and two bytes that end the line (7.5.4). */
function readRow(parser: Parser): Entry {
  while (parser.peek() === 10 || parser.peek() === 13) parser.position += 1;
  let row = "";
  for (let place = 0; place < 18; place++) row += String.fromCharCode(Math.max(0, parser.peek(place)));
  const match = /^([0-9]{10}) ([0-9]{5}) ([nf])$/.exec(row);
  if (match === null) throw new FormatError("a row of a table is malformed");
  parser.position += 18;
  for (let place = 0; place < 2 && isSpace(parser.peek()); place++) parser.position += 1;
  const generation = Number(match[2]);
  return match[3] === "n" ? { kind: "at", offset: Number(match[1]), generation } : { kind: "free", generation };
}

function sizeOf(trailer: ReadonlyMap<string, PdfObject>): number {
  const size = trailer.get("Size");
  if (typeof size !== "number" || !Number.isInteger(size)) throw new FormatError("a table does not say its size");
  return size;
}

async function readTableStream(source: Source, declared: number): Promise<Section> {
  const { number, stream } = await parseAt(source, declared, (parser) => {
    const { number } = parser.header();
    return { number, stream: parser.object() };
  });
  if (!isKind(stream, "stream") || !isName(stream.entries.get("Type"), "XRef")) {
    throw new FormatError(`at byte ${declared} there is no table`);
  }
  const { entries: trailer } = stream;
  const length = trailer.get("Length");
  if (typeof length !== "number") throw new FormatError("a stream does not say its length");
  const data = unpackedStream(trailer, await source.read(stream.begin, length), MOST_TABLE);
  const end = await parseAt(source, stream.begin + length, (parser) => {
    parser.want("endstream");
    return parser.position;
  });
  return { entries: readRows(trailer, data), trailer, size: sizeOf(trailer), declared, end, stream: number };
}

function readRows(trailer: ReadonlyMap<string, PdfObject>, data: Uint8Array): Map<number, Entry> {
  const widths = numbers(trailer.get("W"));
  const index = numbers(trailer.get("Index") ?? [0, sizeOf(trailer)]);
  if (widths.length !== 3 || widths.some((width) => width > 6) || index.length % 2 !== 0) {
    throw new FormatError("a table's rows have no known form");
  }
  let at = 0;
  function field(width: number, absent: number): number {
    if (width === 0) return absent;
    let value = 0;
    for (let place = 0; place < width; place++) {
      const byte = data[at++];
      if (byte === undefined) throw new FormatError("a table ends too early");
      value = value * 256 + byte;
    }
    return value;
  }
  const found = new Map<number, Entry>();
  const [one = 0, two = 0, three = 0] = widths;
  for (let pair = 0; pair < index.length; pair += 2) {
    const [first, count] = [index[pair] as number, index[pair + 1] as number];
    if (count > MOST_ENTRIES) throw new LimitError("the PDF has too many objects");
    for (let number = first; number < first + count; number++) {
      const [kind, value, last] = [field(one, 1), field(two, 0), field(three, 0)];
      if (number === 0) continue;
      if (kind === 0) found.set(number, { kind: "free", generation: last });
      if (kind === 1) found.set(number, { kind: "at", offset: value, generation: last });
      if (kind === 2) found.set(number, { kind: "in", stream: value, index: last });
    }
  }
  if (at !== data.length) throw new FormatError("something stands behind the rows of a table");
  return found;
}

function numbers(value: PdfObject | undefined): number[] {
  const found = isArray(value) ? value : [];
  return found.map((each) => {
    if (typeof each !== "number" || !Number.isInteger(each) || each < 0)
      throw new FormatError("a table has no whole numbers");
    return each;
  });
}

/** Return the data of a stream with the *entries* from its *packed* bytes; raises `FormatError`. */
export function unpackedStream(entries: ReadonlyMap<string, PdfObject>, packed: Uint8Array, limit: number): Uint8Array {
  const parameters = first(entries.get("DecodeParms"));
  const filter = first(entries.get("Filter"));
  if (filter === undefined) return packed;
  if (!isName(filter, "FlateDecode")) throw new FormatError("a stream is packed in a way that is not read here");
  const data = unpacked(packed, limit);
  const predictor = entriesOf(parameters).get("Predictor") ?? 1;
  if (predictor === 1) return data;
  const columns = entriesOf(parameters).get("Columns") ?? 1;
  if (typeof predictor !== "number" || predictor < 10 || typeof columns !== "number" || columns < 1) {
    throw new FormatError("a stream is packed in a way that is not read here");
  }
  return unpredicted(data, columns);
}

/** Return the only member of an array, and anything else as it is; raises `FormatError` for more than one. */
function first(value: PdfObject | undefined): PdfObject | undefined {
  if (value === null) return undefined;
  if (!isArray(value)) return value;
  if (value.length > 1) throw new FormatError("a stream is packed more than once");
  return value[0];
}
