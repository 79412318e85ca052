/** Recipients: to whose keys a case encrypts (evidence-format.md, 4.11). */

import type { Json } from "../models.js";

const RECIPIENT = /^age1[qpzry9x8gf2tvdw0s3jn54khce6mua7l]{58}$/;

/** Whether *value* has the form of a recipient as age writes it. */
export function isRecipient(value: Json): boolean {
  return typeof value === "string" && RECIPIENT.test(value);
}
