/**
 * A PDF whose tables are broken, read as it stands: every object that a look through the whole file finds.
 *
 * Only to tell what such a file is and which files are attached to it; nothing of it is ever called whole.
 */

import { FormatError } from "../errors.js";
import { entriesOf, isKind, type PdfObject } from "./objects.js";
import { parseAt } from "./parser.js";
import { Pdf } from "./reader.js";
import { LimitError, type Source } from "./source.js";
import type { Entry } from "./xref.js";

const PIECE = 4 * 1024 * 1024;
/** Bytes of each piece that the next one has again, so that nothing is cut. */
const OVERLAP = 64;
const MOST = 4_000_000;
const FOUND =
  /(?<=^|[\r\n])(?:[ \t\f\0]{0,4}([0-9]{1,10})[ \t\r\n\f\0]{1,4}([0-9]{1,5})[ \t\r\n\f\0]{1,4}obj|trailer)|\/XRef/g;
const LATIN = new TextDecoder("latin1");

/** Return what is found in *source*; raises `FormatError` when that is no PDF. */
export async function recovered(source: Source): Promise<Pdf> {
  const entries = new Map<number, Entry>();
  const trailers: number[] = [];
  let last = 0;
  for (let at = 0; at < source.size; at += PIECE - OVERLAP) {
    const text = LATIN.decode(await source.read(at, PIECE));
    for (const match of text.matchAll(FOUND)) {
      const offset = at + match.index;
      if (match[1] !== undefined) {
        last = offset;
        entries.set(Number(match[1]), { kind: "at", offset, generation: Number(match[2]) });
      } else trailers.push(match[0] === "trailer" ? offset + "trailer".length : last);
    }
    if (entries.size + trailers.length > MOST) throw new LimitError("the PDF has too many objects");
  }
  const trailer = await bestTrailer(source, trailers.slice(-16).reverse());
  return new Pdf(source, [{ entries, trailer, size: 0, declared: 0, end: 0, stream: undefined }], false);
}

/** Return the first dictionary at *places* that names a catalog. */
async function bestTrailer(source: Source, places: readonly number[]): Promise<ReadonlyMap<string, PdfObject>> {
  for (const place of places) {
    try {
      const found = await parseAt(source, place, (parser) => {
        const start = parser.position;
        parser.skip();
        if (parser.peek() !== 0x3c) {
          parser.position = start;
          parser.header();
        }
        return entriesOf(parser.object());
      });
      if (isKind(found.get("Root"), "ref")) return found;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
  }
  throw new FormatError("no catalog can be found");
}
