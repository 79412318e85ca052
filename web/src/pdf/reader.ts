/** A PDF as its tables describe it, in any of its revisions (ISO 32000-2, 7.5). */

import type { Bytes } from "../bytes.js";
import { attempt, FormatError } from "../errors.js";
import { type Dict, entriesOf, isKind, isName, type PdfObject, type Ref, type Stream } from "./objects.js";
import { Parser, parseAt } from "./parser.js";
import { type Source, sourceOf } from "./source.js";
import { type Entry, readSections, type Section, unpackedStream } from "./xref.js";

const MOST_OBJECTS = 64 * 1024 * 1024;
/** Bytes behind a stream in which a broken word may stand that ought to end it. */
const NEAR = 32;
const LATIN = new TextDecoder("latin1");

/** Looks things up; what is not there, or malformed, raises `FormatError`. */
export class Pdf {
  private readonly read = new Map<string, Promise<PdfObject>>();

  constructor(
    readonly source: Source,
    readonly sections: readonly Section[],
    /** Whether nothing is made good. */
    private readonly strict = true,
  ) {}

  /** The number of the newest revision, from 0. */
  get newest(): number {
    return this.sections.length - 1;
  }

  /** Return where object *number* is in a revision, and which revision put it there. */
  place(number: number, revision: number): { entry: Entry; since: number } | undefined {
    for (let since = revision; since >= 0; since--) {
      const entry = this.sections[since]?.entries.get(number);
      if (entry !== undefined) return { entry, since };
    }
    return undefined;
  }

  /** Return the object that *value* refers to in a revision, or *value* itself. */
  async resolve(value: PdfObject | undefined, revision = this.newest): Promise<PdfObject> {
    let found: PdfObject = value ?? null;
    for (let steps = 0; isKind(found, "ref"); steps++) {
      if (steps > 10) throw new FormatError("references lead in a circle");
      found = await this.object(found, revision);
    }
    return found;
  }

  /** Return a member of a dictionary, followed to what it refers to; null without one. */
  get(value: PdfObject, key: string, revision = this.newest): Promise<PdfObject> {
    return this.resolve(entriesOf(value).get(key), revision);
  }

  /** Return the catalog of a revision. */
  async root(revision = this.newest): Promise<Dict> {
    const found = await this.resolve(this.trailer("Root", revision), revision);
    if (!isKind(found, "dict")) throw new FormatError("the PDF has no catalog");
    return found;
  }

  /** Return a member of the trailer of a revision. */
  trailer(key: string, revision = this.newest): PdfObject | undefined {
    return this.sections[revision]?.trailer.get(key);
  }

  /** Return an object. */
  async object(ref: Ref, revision = this.newest): Promise<PdfObject> {
    const entry = this.place(ref.number, revision)?.entry;
    const generation = entry?.kind === "in" ? 0 : entry?.generation;
    if (entry === undefined || entry.kind === "free" || generation !== ref.generation) {
      if (!this.strict) return null;
      throw new FormatError(`object ${ref.number} is not there`);
    }
    const key = entry.kind === "at" ? `${entry.offset}` : `${entry.stream}/${entry.index}/${revision}`;
    const found = this.read.get(key) ?? this.readObject(ref, entry, revision);
    this.read.set(key, found);
    return found;
  }

  /** Return the bytes of a stream as they stand in the file. */
  async packed(stream: Stream, revision = this.newest): Promise<Blob> {
    const length = await this.length(stream, revision);
    return this.source.file.slice(stream.begin, stream.begin + length);
  }

  /** Return what a stream unpacks to, at most *limit* bytes. */
  async data(stream: Stream, limit: number, revision = this.newest): Promise<Bytes> {
    const packed = await this.packed(stream, revision);
    if (packed.size > limit) throw new FormatError(`a stream has more than ${limit} bytes`);
    const bytes = await this.source.read(stream.begin, packed.size);
    return new Uint8Array(unpackedStream(stream.entries, bytes, limit));
  }

  /** Return the length that a stream states; where that is not so, the one that it has. */
  private async length(stream: Stream, revision: number): Promise<number> {
    const stated = await this.get(stream, "Length", revision);
    const known = typeof stated === "number" && Number.isInteger(stated) && stated >= 0;
    const ends = known
      ? await attempt(() => parseAt(this.source, stream.begin + stated, (parser) => parser.want("endstream")))
      : new FormatError("a stream does not say its length");
    if (known && !(ends instanceof FormatError)) return stated;
    if (ends instanceof FormatError && this.strict) throw ends;
    const data = LATIN.decode(await this.source.read(stream.begin, MOST_OBJECTS));
    const end = data.search(/(?:\r\n|\r|\n)?(?:endstream|endobj)/);
    if (end < 0) throw new FormatError("a stream has no end");
    return known && end >= stated && end - stated < NEAR ? stated : end;
  }

  private async readObject(ref: Ref, entry: Exclude<Entry, { kind: "free" }>, revision: number): Promise<PdfObject> {
    if (entry.kind === "in") return this.readPacked(ref.number, entry, revision);
    return parseAt(
      this.source,
      entry.offset,
      (parser) => {
        const { number, generation } = parser.header();
        if (number !== ref.number || generation !== ref.generation) {
          throw new FormatError(`at byte ${entry.offset} there is object ${number}, not ${ref.number}`);
        }
        const found = this.strict ? parser.object() : objectOrNull(parser);
        if (this.strict && !isKind(found, "stream")) parser.want("endobj");
        return found;
      },
      this.strict,
    );
  }

  /** Read an object from an object stream (7.5.7). */
  private async readPacked(
    number: number,
    entry: { stream: number; index: number },
    revision: number,
  ): Promise<PdfObject> {
    if (this.place(entry.stream, revision)?.entry.kind !== "at") throw new FormatError("an object stream is not there");
    const stream = await this.object({ type: "ref", number: entry.stream, generation: 0 }, revision);
    const [count, first] = [await this.get(stream, "N", revision), await this.get(stream, "First", revision)];
    if (!isKind(stream, "stream") || !isName(stream.entries.get("Type"), "ObjStm") || typeof first !== "number") {
      throw new FormatError(`object ${entry.stream} is no object stream`);
    }
    if (typeof count !== "number" || entry.index >= count) throw new FormatError("an object stream ends too early");
    const data = await this.unpackedObjects(stream, revision);
    const heads = new Parser(data, 0, true);
    for (let index = 0; index < entry.index; index++) {
      heads.integer();
      heads.integer();
    }
    if (heads.integer() !== number)
      throw new FormatError(`an object stream holds something else than object ${number}`);
    const parser = new Parser(data, 0, true, this.strict);
    parser.position = first + heads.integer();
    const found = parser.object(1);
    if (isKind(found, "ref")) throw new FormatError("an object stream holds a reference instead of an object");
    return found;
  }

  private readonly objects = new Map<number, Promise<Bytes>>();

  private unpackedObjects(stream: Stream, revision: number): Promise<Bytes> {
    const found = this.objects.get(stream.begin) ?? this.data(stream, MOST_OBJECTS, revision);
    this.objects.set(stream.begin, found);
    return found;
  }
}

/** How a PDF begins (ISO 32000-2, 7.5.2). */
const HEADER = /^%PDF-\d\S\d/;

/** Return the PDF in *file*; raises `FormatError` when its tables are malformed. Not *strict*, objects need not be whole. */
export async function openPdf(file: Blob, strict = true): Promise<Pdf> {
  if (strict && !HEADER.test(new TextDecoder("latin1").decode(await file.slice(0, 8).arrayBuffer()))) {
    throw new FormatError("it does not begin as a PDF does");
  }
  const source = sourceOf(file);
  return new Pdf(source, await readSections(source, strict), strict);
}

/** Take an object; null is what cannot be read. */
function objectOrNull(parser: Parser): PdfObject {
  try {
    return parser.object();
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}
