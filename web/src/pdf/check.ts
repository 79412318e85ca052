/**
 * Checks the signatures of a PDF: what is covered, what holds, what followed, what is attached (evidence-format.md, 7).
 *
 * Whatever is wrong becomes a text in the findings. Signatures must be in the one form that the kit writes; of what
 * follows a signature only what the kit itself appends is accepted. Whether anybody may be believed is for the caller.
 */

import { concat, equal } from "../bytes.js";
import { attempt, FormatError } from "../errors.js";
import { attachments } from "./attachments.js";
import { changesOf, type RevisionChanges } from "./changes.js";
import { type Container, digestOfValue, readContainer, readSigned } from "./container.js";
import { coveredDigests, type DigestOf } from "./covered.js";
import { dateOf } from "./dates.js";
import { type Coverage, type PdfFindings, type SignatureFindings, type ValidationData } from "./findings.js";
import { lastArchive, withLevels } from "./levels.js";
import { entriesOf, isArray, isKind, isName, type PdfObject, textOf } from "./objects.js";
import { openPdf, type Pdf } from "./reader.js";
import { readStore } from "./security_store.js";
import { LimitError } from "./source.js";
import { readStamp } from "./stamps.js";
import { trailingBytes } from "./trailing.js";
import { startBefore } from "./xref.js";

const LARGEST_PLACE = 4 * 1024 * 1024;
const TAIL = 64 * 1024;
const MOST_FIELDS = 1000;
const EMPTY: ValidationData = { certificates: [], statements: [] };

/** Return everything found in the PDF *file*; raises `LimitError` when that asks for too much. */
export async function checkPdf(file: Blob): Promise<PdfFindings> {
  const found: PdfFindings = {
    bytes: file.size,
    signatures: [],
    trailingBytes: 0,
    attachments: [],
    store: EMPTY,
    problems: [],
  };
  const tail = new TextDecoder("latin1").decode(await file.slice(Math.max(0, file.size - TAIL)).arrayBuffer());
  if (!tail.includes("startxref")) {
    return { ...found, problems: ["cannot be read: there is no end of a PDF in its last bytes"] };
  }
  const attached = await attempt(() => attachments(file));
  const broken = attached instanceof FormatError;
  const listed = { ...found, attachments: broken ? [] : attached };
  const problems = broken ? [`attachments: ${limited(attached).message}`] : [];
  const read = await attempt(() => readSignatures(file));
  if (read instanceof FormatError)
    return { ...listed, problems: [...problems, `cannot be read: ${limited(read).message}`] };
  return { ...listed, ...read, problems };
}

/** Return what is wrong, unless that is that it asks for too much. */
function limited(error: FormatError): FormatError {
  if (error instanceof LimitError) throw error;
  return error;
}

/** What is found out once for all signatures. */
interface Known {
  readonly changes: Map<number, RevisionChanges>;
  readonly digestOf: DigestOf;
}

async function readSignatures(file: Blob): Promise<Pick<PdfFindings, "signatures" | "trailingBytes" | "store">> {
  const pdf = await openPdf(file);
  if (pdf.trailer("Encrypt") !== undefined) throw new FormatError("the PDF is encrypted");
  const known: Known = { changes: new Map(), digestOf: await coveredDigests(file) };
  const signatures: SignatureFindings[] = [];
  for (const [name, field] of await signedFields(pdf)) signatures.push(await readSignature(pdf, name, field, known));
  signatures.sort((one, other) => one.coveredEnd - other.coveredEnd);
  const store = await readStore(pdf);
  const last = lastArchive(signatures);
  const archived = last ? await readStore(pdf, last.revision) : EMPTY;
  return {
    signatures: await withLevels(signatures, store, archived),
    store,
    trailingBytes: await trailingBytes(pdf, Math.max(0, ...signatures.map((signature) => signature.coveredEnd))),
  };
}

/** Return the fields of signatures that have a value, by their full names (ISO 32000-2, 12.7.4). */
async function signedFields(pdf: Pdf): Promise<[string, PdfObject][]> {
  const found: [string, PdfObject][] = [];
  let count = 0;
  async function collect(fields: PdfObject, prefix: string, inherited: PdfObject, depth: number): Promise<void> {
    if (depth > 20) throw new FormatError("the fields lie too deep in each other");
    if (fields !== null && !isArray(fields)) throw new FormatError("the form has no list of fields");
    for (const each of fields ?? []) {
      count += 1;
      if (count > MOST_FIELDS) throw new LimitError("the form has too many fields");
      const field = await pdf.resolve(each);
      const name = textOf(await pdf.get(field, "T"));
      const full = name === "" ? prefix : prefix === "" ? name : `${prefix}.${name}`;
      const kind = (await pdf.get(field, "FT")) ?? inherited;
      if (isName(kind, "Sig") && entriesOf(field).has("V")) found.push([full, field]);
      else if (entriesOf(field).has("Kids")) await collect(await pdf.get(field, "Kids"), full, kind, depth + 1);
    }
  }
  const form = await pdf.get(await pdf.root(), "AcroForm");
  await collect(await pdf.get(form, "Fields"), "", null, 0);
  return found;
}

/** Where a signature stands in the file, and how far it covers it. */
interface Place {
  readonly value: PdfObject;
  readonly container: Container;
  readonly begin: number;
  readonly end: number;
  readonly coveredEnd: number;
  readonly revision: number;
}

async function readSignature(pdf: Pdf, field: string, dictionary: PdfObject, known: Known): Promise<SignatureFindings> {
  const nothing: SignatureFindings = {
    field,
    certificate: undefined,
    embedded: [],
    coverage: "only a part",
    coveredEnd: 0,
    revision: 0,
    level: "plain CMS",
    claimedTime: undefined,
    stamp: undefined,
    problems: [],
  };
  const place = await attempt(() => placeOf(pdf, dictionary));
  if (place instanceof FormatError) {
    return { ...nothing, problems: [`the signature cannot be read: ${limited(place).message}`] };
  }
  const { coveredEnd, revision } = place;
  const coverage = await coverageOf(pdf, place);
  const value = await attempt(() => valueOf(pdf, known.digestOf, place));
  const problems = value instanceof FormatError ? [limited(value).message] : [];
  if (coverage === "only a part") problems.push("it does not cover the whole revision in which it was made");
  else if (coverage !== "whole file") problems.push(...(await laterChanges(pdf, place, known.changes)));
  const stated = value instanceof FormatError ? {} : value;
  return { ...nothing, coveredEnd, revision, coverage, ...stated, problems };
}

/** Read the gap between the two ranges that the digest covers (12.8.1); raises `FormatError`. */
async function placeOf(pdf: Pdf, field: PdfObject): Promise<Place> {
  const reference = entriesOf(field).get("V");
  if (!isKind(reference, "ref")) throw new FormatError("the field has no signature");
  const value = await pdf.resolve(reference);
  if (!isKind(value, "dict")) throw new FormatError("the signature is no dictionary");
  const [zero, begin, end, rest, ...more] = wholeNumbers(value.entries.get("ByteRange"));
  const { size } = pdf.source;
  if (begin === undefined || end === undefined || rest === undefined || more.length > 0) {
    throw new FormatError("the byte range has not four numbers");
  }
  if (zero !== 0 || begin <= 0 || begin >= end || end > begin + LARGEST_PLACE || end + rest > size) {
    throw new FormatError(`the byte range ${zero} ${begin} ${end} ${rest} is not a file of ${size} bytes with one gap`);
  }
  const container = readContainer(await pdf.source.read(begin, end - begin));
  const contents = value.entries.get("Contents");
  if (!isKind(contents, "string") || !equal(contents.bytes, concat(container.der, container.padding))) {
    throw new FormatError("the gap in the byte range is not where the signature stands");
  }
  const revision = pdf.place(reference.number, pdf.newest)?.since ?? 0;
  return { value, container, begin, end, coveredEnd: end + rest, revision };
}

function wholeNumbers(value: PdfObject | undefined): number[] {
  const found = isArray(value) ? value.slice(0, 8) : [];
  return found.map((each) => (typeof each === "number" && Number.isSafeInteger(each) ? each : -1));
}

type Value = Pick<SignatureFindings, "certificate" | "embedded" | "level" | "claimedTime" | "stamp">;

/** Check that the signature, or the time stamp, is over the covered bytes; raises `FormatError`. */
async function valueOf(
  pdf: Pdf,
  digestOf: DigestOf,
  { value, container, begin, end, coveredEnd }: Place,
): Promise<Value> {
  const digest = await digestOf(begin, end, coveredEnd);
  if (isName(entriesOf(value).get("Type"), "DocTimeStamp")) {
    const stamp = await readStamp(container.der, digest);
    const { certificate, embedded } = stamp;
    return { certificate, embedded, level: "document timestamp", claimedTime: undefined, stamp };
  }
  const signed = await readSigned(container.der);
  if (!equal(signed.messageDigest, digest)) throw new FormatError("the signed bytes were changed");
  const stamp = signed.token && (await readStamp(signed.token, digestOfValue(signed)));
  const pades = signed.names && isName(entriesOf(value).get("SubFilter"), "ETSI.CAdES.detached");
  const { certificate, embedded } = signed;
  const claimedTime = signed.claimedTime ?? dateOf(textOf(await pdf.get(value, "M")));
  return { certificate, embedded, level: pades ? "PAdES B-B" : "plain CMS", claimedTime, stamp };
}

/** Tell how far a signature covers the file: whole revisions must end where it does, and their tables before. */
async function coverageOf(pdf: Pdf, { coveredEnd, revision }: Place): Promise<Coverage> {
  if (coveredEnd === pdf.source.size) return "whole file";
  const start = await attempt(() => startBefore(pdf.source, coveredEnd));
  if (start !== pdf.sections[revision]?.declared) return "only a part";
  const inside = pdf.sections.slice(0, revision + 1).every((section) => section.end <= coveredEnd);
  return inside ? "whole revision, more follows" : "only a part";
}

/** Return what later revisions changed that the signature does not allow (12.8.2.2). */
async function laterChanges(
  pdf: Pdf,
  { value, revision }: Place,
  known: Map<number, RevisionChanges>,
): Promise<string[]> {
  const permission = await permissionOf(pdf, value);
  if (permission instanceof FormatError) return [`later changes: ${permission.message}`];
  for (let after = revision + 1; after <= pdf.newest; after++) {
    const found = known.get(after) ?? (await changesOf(pdf, after));
    known.set(after, found);
    const problems = [...found.problems];
    if (permission === 1 && found.form) problems.push("something was signed after it, which it does not allow");
    if (permission !== undefined && found.visible) problems.push("a field that shows something was added after it");
    if (problems.length > 0) return problems.map((problem) => `later changes: ${problem}`);
  }
  return [];
}

/** Return what a certifying signature allows (DocMDP): 1 nothing, 2 form filling and signatures, 3 annotations too. */
async function permissionOf(pdf: Pdf, value: PdfObject): Promise<number | undefined | FormatError> {
  return attempt(async () => {
    const references = await pdf.get(value, "Reference");
    for (const each of isArray(references) ? references : []) {
      const reference = await pdf.resolve(each);
      if (!isName(await pdf.get(reference, "TransformMethod"), "DocMDP")) continue;
      const permission = entriesOf(await pdf.get(reference, "TransformParams")).get("P");
      if (permission === 1 || permission === 2 || permission === 3) return permission;
      throw new FormatError("the signature does not say what may follow it");
    }
    return undefined;
  });
}
