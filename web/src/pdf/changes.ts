/**
 * What a revision changed (ISO 32000-2, 7.5.6 and 12.8.2.2): only what signing, countersigning and renewing write.
 *
 * That is: a signature field that shows nothing, or one that was empty and is filled; its place in the form and on its
 * page; the document security store; the catalog's entries for these. Objects that nothing before referred to can only
 * be reached through these.
 */

import { FormatError } from "../errors.js";
import { checkFields, type FieldChanges, isNew } from "./field_changes.js";
import { entriesOf, isArray, isKind, isName, type PdfObject, same } from "./objects.js";
import type { Pdf } from "./reader.js";
import { usesOf } from "./uses.js";

/** Entries of the catalog that may change; what is in them is looked at by itself. */
const OF_CATALOG = new Set(["AcroForm", "DSS", "Extensions", "Version"]);
const OF_FORM = new Set(["Fields"]);
const OF_STORE = new Set(["Certs", "CRLs", "OCSPs"]);

/** What one revision changed. */
export interface RevisionChanges {
  /** English sentences of what may not change; none if all may. */
  readonly problems: readonly string[];
  /** Whether there is more than document time stamps and validation data. */
  readonly form: boolean;
  /** Whether a new field shows something. */
  readonly visible: boolean;
}

/** One revision beside the one before it. */
export interface Step {
  readonly pdf: Pdf;
  readonly before: number;
  readonly after: number;
  /** The numbers of objects that were there and are another way. */
  readonly changed: ReadonlySet<number>;
  /** Those of them whose change was looked at and may be. */
  readonly explained: Set<number>;
  /** Where the objects changed were referred to. */
  readonly uses: ReadonlyMap<number, ReadonlySet<string>>;
}

/** Return what the revision *after* changed; what cannot be read of it is a problem too. */
export async function changesOf(pdf: Pdf, after: number): Promise<RevisionChanges> {
  try {
    const changed = await changedObjects(pdf, after);
    const uses = await usesOf(pdf, after - 1, changed);
    const step: Step = { pdf, before: after - 1, after, changed, explained: new Set(), uses };
    checkTrailer(step);
    const fields = await checkCatalog(step);
    await checkPages(step, fields);
    const other = [...changed].filter((number) => !step.explained.has(number));
    if (other.length > 0) {
      throw new FormatError(
        `it changes object ${other.slice(0, 5).join(", ")}, which no signature or time stamp has to`,
      );
    }
    return { problems: [], form: fields.form, visible: fields.visible };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { problems: [`revision ${after + 1}: ${error.message}`], form: true, visible: false };
  }
}

/** Return the numbers of the objects that were there before and are not the same; raises `FormatError`. */
async function changedObjects(pdf: Pdf, after: number): Promise<Set<number>> {
  const found = new Set<number>();
  const size = pdf.sections[after - 1]?.size ?? 0;
  for (const [number, entry] of pdf.sections[after]?.entries ?? []) {
    if (entry.kind === "free") throw new FormatError(`it takes object ${number} away`);
    const before = pdf.place(number, after - 1)?.entry;
    if (before === undefined) {
      if (number < size) throw new FormatError(`it puts object ${number} where one was missing`);
      continue;
    }
    const generation = entry.kind === "at" ? entry.generation : 0;
    const ref = { type: "ref", number, generation } as const;
    const own = await pdf.object(ref, after);
    if (before.kind === "free" || !same(await pdf.object(ref, after - 1), own)) found.add(number);
  }
  return found;
}

function checkTrailer({ pdf, before, after }: Step): void {
  if (!same(pdf.trailer("Root", before), pdf.trailer("Root", after))) throw new FormatError("it names another catalog");
  if (pdf.trailer("Encrypt", after) !== undefined) throw new FormatError("it encrypts the document");
  const [old, now] = [pdf.trailer("Info", before), pdf.trailer("Info", after)];
  if (now !== undefined && !same(old, now)) throw new FormatError("it names other information");
}

/** Want the object *number* to be referred to from *place* alone. */
function wantOnlyUse(uses: Step["uses"], number: number, place: string): void {
  const found = uses.get(number);
  if (found === undefined || found.size !== 1 || !found.has(place)) {
    throw new FormatError(`it changes object ${number}, which stands in other places too`);
  }
}

async function checkCatalog(step: Step): Promise<FieldChanges> {
  const { pdf, before, after } = step;
  const [old, now] = [await pdf.root(before), await pdf.root(after)];
  wantSame(old, now, OF_CATALOG, "the catalog");
  const root = pdf.trailer("Root", after);
  if (!isKind(root, "ref")) throw new FormatError("the catalog has no number");
  step.explained.add(root.number);
  wantPlain(old, now, ["Version", "Extensions"], "the catalog");
  await checkStore(step, `${root.number}/DSS`, old.entries.get("DSS"), now.entries.get("DSS"));
  return checkForm(step, `${root.number}/AcroForm`, old.entries.get("AcroForm"), now.entries.get("AcroForm"));
}

/** Want two dictionaries to differ in the entries *apart* alone. */
export function wantSame(old: PdfObject, now: PdfObject, apart: ReadonlySet<string>, what: string): void {
  const [one, other] = [entriesOf(old), entriesOf(now)];
  for (const key of new Set([...one.keys(), ...other.keys()])) {
    if (apart.has(key)) continue;
    if (!one.has(key) || !other.has(key) || !same(one.get(key), other.get(key))) {
      throw new FormatError(`it changes /${key} of ${what}`);
    }
  }
}

/** Want what changed of the entries *keys* to lead to no other objects. */
function wantPlain(old: PdfObject, now: PdfObject, keys: Iterable<string>, what: string): void {
  for (const key of keys) {
    const value = entriesOf(now).get(key);
    if (!same(entriesOf(old).get(key), value) && refersTo(value))
      throw new FormatError(`it changes /${key} of ${what}`);
  }
}

function refersTo(value: PdfObject | undefined): boolean {
  if (isKind(value, "ref") || isKind(value, "stream")) return true;
  return (isArray(value) ? value : [...entriesOf(value).values()]).some(refersTo);
}

/** Follow what stands at *place*: it may be changed where nothing else refers to it, or come new. */
export async function follow(
  step: Step,
  place: string,
  old: PdfObject | undefined,
  now: PdfObject | undefined,
): Promise<{ was: PdfObject; is: PdfObject }> {
  const { pdf, before, after, changed, explained, uses } = step;
  if (old !== undefined && now === undefined) throw new FormatError(`it takes away what stands at ${place}`);
  if (isKind(now, "ref")) {
    if (!same(old, now) && !isNew(step, now)) throw new FormatError(`it uses an object again at ${place}`);
    if (changed.has(now.number)) {
      wantOnlyUse(uses, now.number, place);
      explained.add(now.number);
    }
  }
  return { was: await pdf.resolve(old, before), is: await pdf.resolve(now, after) };
}

/** The store may grow and shrink (EN 319 142-1, 5.4.2): it holds nothing that any page shows. */
async function checkStore(
  step: Step,
  place: string,
  old: PdfObject | undefined,
  now: PdfObject | undefined,
): Promise<void> {
  if (old === undefined && now === undefined) return;
  const { was, is } = await follow(step, place, old, now);
  if (!isKind(is, "dict")) throw new FormatError("its document security store is no dictionary");
  wantSame(was, is, OF_STORE, "the document security store");
  const own = isKind(now, "ref") ? `${now.number}` : place;
  for (const key of OF_STORE) {
    if (!is.entries.has(key)) continue;
    const list = await follow(step, `${own}/${key}`, entriesOf(was).get(key), is.entries.get(key));
    if (!isArray(list.is)) throw new FormatError(`/${key} of its document security store is no list`);
    for (const each of list.is) {
      if (!isKind(await step.pdf.resolve(each, step.after), "stream")) {
        throw new FormatError(`/${key} of its document security store holds something else than streams`);
      }
    }
  }
}

async function checkForm(
  step: Step,
  place: string,
  old: PdfObject | undefined,
  now: PdfObject | undefined,
): Promise<FieldChanges> {
  const { was, is } = await follow(step, place, old, now);
  if (!isKind(was, "dict") || !isKind(is, "dict")) throw new FormatError("the document has no form");
  wantSame(was, is, OF_FORM, "the form");
  const own = isKind(now, "ref") ? `${now.number}` : place;
  const fields = await follow(step, `${own}/Fields`, was.entries.get("Fields"), is.entries.get("Fields"));
  return checkFields(step, fields.was, fields.is);
}

/** The pages may have the new fields behind their annotations. */
async function checkPages(step: Step, fields: FieldChanges): Promise<void> {
  const { pdf, before, after, changed, explained, uses } = step;
  const lists = new Set<number>();
  for (const number of changed) {
    if (explained.has(number)) continue;
    const [old, now] = await both(step, number);
    if (isArray(old) && isArray(now)) {
      const [place, ...others] = uses.get(number) ?? [];
      const page = /^([0-9]+)\/Annots$/.exec(place ?? "")?.[1];
      if (page === undefined || others.length > 0) continue;
      if (!isName(entriesOf((await both(step, Number(page)))[0]).get("Type"), "Page")) continue;
      wantAppended(old, now, fields.added);
      lists.add(number);
    } else if (isKind(old, "dict") && isKind(now, "dict") && isName(old.entries.get("Type"), "Page")) {
      wantSame(old, now, new Set(["Annots"]), "a page");
      const [was, is] = [old.entries.get("Annots"), now.entries.get("Annots")];
      if (isKind(was, "ref") && !same(was, is)) throw new FormatError("it puts other annotations on a page");
      if (isKind(is, "ref") && !same(was, is) && !isNew(step, is)) throw new FormatError("it uses an object again");
      if (!isKind(was, "ref"))
        wantAppended((await pdf.resolve(was, before)) ?? [], await pdf.resolve(is, after), fields.added);
      lists.add(number);
    }
  }
  for (const number of lists) explained.add(number);
}

async function both({ pdf, before, after }: Step, number: number): Promise<[PdfObject, PdfObject]> {
  const ref = { type: "ref", number, generation: 0 } as const;
  return [await pdf.object(ref, before), await pdf.object(ref, after)];
}

/** Want the list *now* to be the *old* one with some of the fields *added* behind it. */
export function wantAppended(old: PdfObject, now: PdfObject, added: ReadonlySet<number>): void {
  if (!isArray(old) || !isArray(now) || !old.every((each, at) => same(each, now[at]))) {
    throw new FormatError("it changes the annotations of a page");
  }
  const others = now.slice(old.length).filter((each) => !isKind(each, "ref") || !added.has(each.number));
  if (others.length > 0) throw new FormatError("it puts something on a page that is no signature field");
}
