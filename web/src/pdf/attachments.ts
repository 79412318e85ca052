/** The files embedded in a PDF (ISO 32000-2, 7.11.4), by the names of its tree of embedded files. */

import { byCodePoint } from "../bytes.js";
import { passing, Sha256 } from "../digest.js";
import { FormatError } from "../errors.js";
import type { Attachment } from "./findings.js";
import { unpack } from "./flate.js";
import { entriesOf, isArray, isKind, isName, type PdfObject, type Stream, textOf } from "./objects.js";
import { openPdf, type Pdf } from "./reader.js";
import { recovered } from "./recovery.js";
import { LimitError, sourceOf } from "./source.js";

const LARGEST = 4 * 1024 ** 3;
const LARGEST_PACKED = 512 * 1024 ** 2;
const MOST = 10_000;
/** Where a file may stand in its specification, in the order in which they are tried. */
const PLACES = ["UF", "F", "Unix", "DOS", "Mac"] as const;

/** What is left of it leads to no pages: then nothing else in it is looked for. */
class NoPages extends FormatError {}

/** Return the embedded files in the order of their names; raises `FormatError`. A broken file is read as it stands. */
export async function attachments(file: Blob): Promise<Attachment[]> {
  try {
    return await attachmentsOf(await openPdf(file, false));
  } catch (error) {
    if (!(error instanceof FormatError) || error instanceof LimitError || error instanceof NoPages) throw error;
    return attachmentsOf(await recovered(sourceOf(file)));
  }
}

async function attachmentsOf(pdf: Pdf): Promise<Attachment[]> {
  const found = new Map<string, PdfObject>();
  const root = await pdf.resolve(pdf.trailer("Root"));
  if (!(await hasPage(pdf, await pdf.get(root, "Pages")))) throw new NoPages("no pages can be found");
  const names = await pdf.get(root, "Names");
  await collect(pdf, await pdf.get(names, "EmbeddedFiles"), found, 0);
  const listed = [];
  for (const name of [...found.keys()].sort(byCodePoint)) {
    const specification = found.get(name) ?? null;
    if (specification !== null) listed.push(await attachment(pdf, name, specification));
  }
  return listed;
}

/** Whether a tree of pages (7.7.3) has one at all. */
async function hasPage(pdf: Pdf, tree: PdfObject, depth = 0): Promise<boolean> {
  const kids = await pdf.get(tree, "Kids");
  if (depth > 50 || !isArray(kids)) return false;
  for (const each of kids.slice(0, MOST)) {
    const kid = await pdf.resolve(each);
    const leaf = isKind(kid, "dict") && !kid.entries.has("Kids");
    if (leaf || (await hasPage(pdf, kid, depth + 1))) return true;
  }
  return false;
}

/** Gather the specifications of a name tree (7.9.6). */
async function collect(pdf: Pdf, node: PdfObject, found: Map<string, PdfObject>, depth: number): Promise<void> {
  if (depth > 50 || found.size > MOST) throw new FormatError("the list of attachments is too large");
  const kids = await pdf.get(node, "Kids");
  const names = await pdf.get(node, "Names");
  for (const kid of isArray(kids) ? kids : []) await collect(pdf, await pdf.resolve(kid), found, depth + 1);
  if (!isArray(names)) return;
  for (let at = 0; at + 1 < names.length; at += 2) {
    const key = await pdf.resolve(names[at]);
    if (isKind(key, "string")) found.set(textOf(key), await pdf.resolve(names[at + 1]));
  }
}

async function attachment(pdf: Pdf, name: string, specification: PdfObject): Promise<Attachment> {
  const files = await pdf.get(specification, "EF");
  for (const place of PLACES) {
    if (!entriesOf(files).has(place)) continue;
    const stream = await pdf.get(files, place);
    if (isKind(stream, "stream")) return { name, ...(await digestOf(pdf, name, stream)) };
  }
  throw new FormatError(`the attachment "${name}" is not there`);
}

async function digestOf(
  pdf: Pdf,
  name: string,
  stream: Stream,
): Promise<{ bytes: number; sha256: Attachment["sha256"] }> {
  const filter = await pdf.get(stream, "Filter");
  const filters = filter === null ? [] : isArray(filter) ? filter : [filter];
  const plain = filters.length === 0;
  if (!plain && (filters.length > 1 || !isName(filters[0], "FlateDecode") || entriesOf(stream).has("DecodeParms"))) {
    throw new FormatError(`the attachment "${name}" is packed in a way that is not read here`);
  }
  const packed = await pdf.packed(stream);
  const hasher = await Sha256.begin();
  let bytes = 0;
  function take(piece: Uint8Array): void {
    bytes += piece.length;
    if (bytes > LARGEST) throw new FormatError(`the attachment "${name}" is larger than ${LARGEST} bytes`);
    hasher.update(piece);
  }
  if (plain) for await (const piece of passing(packed)) take(piece);
  else if (packed.size > LARGEST_PACKED) throw new LimitError(`the attachment "${name}" is too large`);
  else unpack(await pdf.source.read(stream.begin, packed.size), take);
  return { bytes, sha256: hasher.end() };
}
