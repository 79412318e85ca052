/** Times are milliseconds since 1970-01-01 UTC, written RFC 3339 with milliseconds and `Z` (evidence-format.md, 1). */

import { shorten } from "./display.js";
import { FormatError } from "./errors.js";
import type { Json } from "./models.js";

const FORM = /^(?!0000)(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})Z$/;

/** Return the one spelling of a time. */
export function utcText(time: number): string {
  return new Date(time).toISOString();
}

/** Return the time of exactly such a text, or undefined if it is none or no such day or hour exists. */
export function readUtc(text: string): number | undefined {
  const time = FORM.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) || utcText(time) !== text ? undefined : time;
}

/** Return the time that *value* says in its one spelling; raises `FormatError`. */
export function parseUtc(value: Json | undefined): number {
  const found = typeof value === "string" ? readUtc(value) : undefined;
  if (found !== undefined) return found;
  const shown = shorten(typeof value === "string" ? value : typeof value);
  throw new FormatError(`not a UTC time with milliseconds: ${shown}`);
}
