/** Subjects: whom an item concerns, as pseudonyms (evidence-format.md, 4.9). */

import type { Json } from "../models.js";

const PSEUDONYM = /^[VSW]-[0-9]{2,4}$/;

/** Whether *value* is a pseudonym: V (victim), S (suspect) or W (witness), a hyphen, and two to four digits. */
export function isSubject(value: Json): boolean {
  return typeof value === "string" && PSEUDONYM.test(value);
}
