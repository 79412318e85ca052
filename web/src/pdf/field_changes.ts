/** What a revision may do to the fields of a form: add those of signatures that show nothing, and fill an empty one. */

import { FormatError } from "../errors.js";
import { type Step, wantSame } from "./changes.js";
import { entriesOf, isArray, isKind, isName, type PdfObject, type Ref, same, textOf } from "./objects.js";

/** What became of the fields. */
export interface FieldChanges {
  /** The numbers of new fields. */
  readonly added: ReadonlySet<number>;
  /** Whether somebody signed, and not only a document time stamp was added. */
  readonly form: boolean;
  /** Whether a new field shows something. */
  readonly visible: boolean;
}

const OF_FIELD = new Set(["FT", "T", "TU", "Type", "Subtype", "F", "Rect", "P", "V", "AP"]);
/** Entries that signing changes in a field that was empty. */
const OF_FILLED = new Set(["V", "AP", "F"]);

/** Whether *ref* is to an object that no revision before had room for. */
export function isNew({ pdf, before }: Pick<Step, "pdf" | "before">, ref: Ref): boolean {
  return ref.number >= (pdf.sections[before]?.size ?? 0);
}

/** Check the change from the list of fields *old* to *now*; raises `FormatError` for what may not be. */
export async function checkFields(step: Step, old: PdfObject, now: PdfObject): Promise<FieldChanges> {
  if (!isArray(old) || !isArray(now) || !old.every((each, at) => same(each, now[at]))) {
    throw new FormatError("it changes the list of fields");
  }
  let [form, visible] = [false, false];
  const names = new Set<string>();
  for (const field of old) {
    names.add(textOf(await step.pdf.get(await step.pdf.resolve(field, step.before), "T", step.before)));
    if (isKind(field, "ref") && step.changed.has(field.number)) form = (await checkFilled(step, field)) || form;
  }
  const added = new Set<number>();
  for (const field of now.slice(old.length)) {
    if (!isKind(field, "ref") || !isNew(step, field) || added.has(field.number)) {
      throw new FormatError("it adds a field that is not new");
    }
    added.add(field.number);
    const found = await step.pdf.resolve(field, step.after);
    const name = textOf(await step.pdf.get(found, "T", step.after));
    if (name === "" || names.has(name)) throw new FormatError(`it adds a second field "${name}"`);
    names.add(name);
    const signed = await checkAdded(step, found, name);
    form ||= signed.form;
    visible ||= signed.visible;
  }
  return { added, form, visible };
}

async function checkAdded(step: Step, field: PdfObject, name: string): Promise<{ form: boolean; visible: boolean }> {
  const entries = entriesOf(field);
  const expected = { FT: "Sig", Type: "Annot", Subtype: "Widget" };
  const odd = [...entries.keys()].find((key) => !OF_FIELD.has(key));
  if (!isKind(field, "dict") || !Object.entries(expected).every(([key, value]) => isName(entries.get(key), value))) {
    throw new FormatError(`the field "${name}" that it adds is none of a signature`);
  }
  if (odd !== undefined) throw new FormatError(`the field "${name}" that it adds has /${odd}`);
  const form = entries.has("V") && (await checkValue(step, entries.get("V"), name));
  if (entries.has("AP")) await checkLooks(step, entries.get("AP"), name);
  const box = await step.pdf.get(field, "Rect", step.after);
  if (!isArray(box) || box.length !== 4 || !box.every((edge) => typeof edge === "number")) {
    throw new FormatError(`the field "${name}" that it adds has no place`);
  }
  const [left, bottom, right, top] = box;
  const visible = !same(left, right) && !same(bottom, top);
  if (!visible && entries.has("AP")) throw new FormatError(`the field "${name}" has a picture and no size`);
  return { form: form || visible, visible };
}

/** Check the signature that a field got; return whether it is more than a document time stamp. */
async function checkValue(step: Step, value: PdfObject | undefined, name: string): Promise<boolean> {
  if (!isKind(value, "ref") || !isNew(step, value))
    throw new FormatError(`the field "${name}" has no signature of its own`);
  const found = await step.pdf.resolve(value, step.after);
  if (!isKind(found, "dict")) throw new FormatError(`the signature of the field "${name}" is no dictionary`);
  return !isName(found.entries.get("Type"), "DocTimeStamp");
}

/** Check a field that was there; return whether it was signed. */
async function checkFilled(step: Step, ref: Ref): Promise<boolean> {
  const [old, now] = [await step.pdf.resolve(ref, step.before), await step.pdf.resolve(ref, step.after)];
  const name = textOf(await step.pdf.get(old, "T", step.before));
  const [was, is] = [entriesOf(old), entriesOf(now)];
  if (!isName(was.get("FT"), "Sig") || was.has("V")) throw new FormatError(`it changes the field "${name}"`);
  wantSame(old, now, OF_FILLED, `the field "${name}"`);
  const flags = is.get("F");
  if (flags !== undefined && typeof flags !== "number") throw new FormatError(`it changes /F of the field "${name}"`);
  await checkValue(step, is.get("V"), name);
  if (!same(was.get("AP"), is.get("AP"))) await checkLooks(step, is.get("AP"), name);
  step.explained.add(ref.number);
  return true;
}

/** Want what a field shows to be new as a whole. */
async function checkLooks(step: Step, value: PdfObject | undefined, name: string): Promise<void> {
  const looks = await step.pdf.resolve(value, step.after);
  const shown = entriesOf(looks).get("N");
  if (entriesOf(looks).size !== 1 || !isKind(shown, "ref") || !isNew(step, shown)) {
    throw new FormatError(`it lets the field "${name}" show something that was there before`);
  }
  if (!isKind(await step.pdf.resolve(shown, step.after), "stream")) {
    throw new FormatError(`what the field "${name}" shows is no picture`);
  }
}
