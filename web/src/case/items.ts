/** Items: `item.json` (evidence-format.md, 5.2), and what the log says became of each. */

import { isObject, type JsonObject, parse } from "../canonical.js";
import { ENDS, type Event, HALVES } from "../custody/events.js";
import { FormatError } from "../errors.js";

const SCHEMA = "evidence-kit/item/1";

/** Read `item.json`; raises `FormatError`. */
export function parseItem(data: Uint8Array): JsonObject {
  const value = parse(data);
  if (!isObject(value) || value["schema"] !== SCHEMA) throw new FormatError(`item.json does not say ${SCHEMA}`);
  return value;
}

/** Return what came of everything that was tried: `complete`, `incomplete`, `failed`, or `abandoned`. */
export function outcomesOf(halves: readonly Event[]): string[] {
  const ends = new Map<string | null, string>();
  for (const event of halves) if (ENDS.has(event.type)) ends.set(event.item, event.outcome);
  const begun = halves.filter((event) => HALVES.has(event.type) && event.item !== null);
  return begun.map((event) => ends.get(event.item) ?? "abandoned");
}
