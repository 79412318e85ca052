/** Times are milliseconds since 1970-01-01 UTC, written RFC 3339 with milliseconds and `Z` (evidence-format.md, 1). */

const FORM = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})Z$/;

/** Return the one spelling of a time. */
export function utcText(time: number): string {
  return new Date(time).toISOString();
}

/** Return the time of exactly such a text, or undefined if it is none or no such day or hour exists. */
export function readUtc(text: string): number | undefined {
  const time = FORM.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) || utcText(time) !== text ? undefined : time;
}
