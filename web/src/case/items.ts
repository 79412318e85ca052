/** Items: `item.json` (evidence-format.md, 5.2), and what the log says became of each. */

import { isObject, type JsonObject, parse } from "../canonical.js";
import { ENDS, type Event } from "../custody/events.js";
import { FormatError } from "../errors.js";
import type { Json } from "../models.js";

const SCHEMA = "evidence-kit/item/1";

/** Read `item.json`; raises `FormatError`. */
export function parseItem(data: Uint8Array): JsonObject {
  const value = parse(data);
  if (!isObject(value) || value["schema"] !== SCHEMA) throw new FormatError(`item.json does not say ${SCHEMA}`);
  return value;
}

/** Whether *start*, the beginning of an item, says that it is sealed as it comes. */
export function wasSealed(start: Event): boolean {
  const asked = start.detail["asked"] === undefined ? start.detail : start.detail["asked"];
  return isObject(asked) && asked["sealed"] === true;
}

/** Return to whom *start*, the beginning of a sealed item, says that it is sealed. */
export function sealedTo(start: Event): Json {
  const asked = start.detail["asked"] === undefined ? start.detail : start.detail["asked"];
  return isObject(asked) ? (asked["recipients"] ?? null) : null;
}

/**
 * Return what came of everything that an event of the type *begun* began, sealed or not, and how often.
 *
 * Sealed is what came so, and what *later* names.
 */
export function outcomesOf(
  halves: readonly Event[],
  begun: readonly string[],
  later: { has(item: string): boolean },
  sealed = false,
): { readonly [outcome: string]: number } {
  const ends = new Map<string | null, string>();
  for (const event of halves) if (ENDS.has(event.type)) ends.set(event.item, event.outcome);
  const is = (event: Event): boolean => wasSealed(event) || (event.item !== null && later.has(event.item));
  const starts = halves.filter((event) => begun.includes(event.type) && is(event) === sealed);
  const items = starts.map((event) => event.item).filter((item) => item !== null);
  const count = (outcome: string): [string, number] => {
    return [outcome, items.filter((item) => (ends.get(item) ?? "abandoned") === outcome).length];
  };
  return Object.fromEntries(["complete", "incomplete", "failed", "abandoned"].map(count));
}
