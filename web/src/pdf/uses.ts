/** Who refers to an object: what stands in one place may be changed there, what stands in two may be a trap. */

import { isArray, isKind, type PdfObject, type Ref } from "./objects.js";
import type { Pdf } from "./reader.js";
import { LimitError } from "./source.js";

const MOST = 20_000_000;

/**
 * Return, of each of the objects *watched*, where a revision refers to it: the number of the object that does (or
 * `trailer`) and the keys that lead there. Raises `FormatError` when a reference leads nowhere.
 */
export async function usesOf(
  pdf: Pdf,
  revision: number,
  watched: ReadonlySet<number>,
): Promise<ReadonlyMap<number, ReadonlySet<string>>> {
  const found = new Map([...watched].map((number) => [number, new Set<string>()]));
  const seen = new Set<number>();
  const waiting: Ref[] = [];
  let steps = 0;

  function look(value: PdfObject, place: string): void {
    steps += 1;
    if (steps > MOST) throw new LimitError("the PDF has too many objects");
    if (isKind(value, "ref")) {
      found.get(value.number)?.add(place);
      if (!seen.has(value.number)) waiting.push(value);
      seen.add(value.number);
    } else if (isArray(value)) {
      for (const each of value) look(each, place);
    } else if (isKind(value, "dict") || isKind(value, "stream")) {
      for (const [key, each] of value.entries) look(each, `${place}/${key}`);
    }
  }

  for (const [key, value] of pdf.sections[revision]?.trailer ?? []) look(value, `trailer/${key}`);
  for (let ref = waiting.pop(); ref !== undefined; ref = waiting.pop()) {
    look(await pdf.object(ref, revision), `${ref.number}`);
  }
  return found;
}
