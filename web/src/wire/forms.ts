/** Small readers of JSON from strangers: each refuses a value of another form, and says where it stands. */

import { isObject } from "../canonical.js";
import { parseDigest } from "../digest.js";
import { FormatError } from "../errors.js";
import type { Json } from "../models.js";
import { parseUtc } from "../times.js";

/** Reads a value; raises `FormatError` for one of another form. */
export type Reader = (value: Json) => void;

/** Read a text. */
export function text(value: Json): void {
  if (typeof value !== "string") throw new FormatError("is no text");
}

/** Read a whole number that is not negative. */
export function whole(value: Json): void {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw new FormatError("is no whole number");
  }
}

/** Read true or false. */
export function flag(value: Json): void {
  if (typeof value !== "boolean") throw new FormatError("is neither true nor false");
}

/** Read digest text. */
export const digest: Reader = parseDigest;

/** Read a UTC time with milliseconds. */
export const time: Reader = parseUtc;

/** Read *size* bytes in lower-case hexadecimal. */
export function hexadecimal(size: number): Reader {
  const form = new RegExp(`^[0-9a-f]{${2 * size}}$`);
  return (value) => {
    if (typeof value !== "string" || !form.test(value)) throw new FormatError(`is not ${size} bytes in hexadecimal`);
  };
}

/** Read null or what *reader* reads. */
export function orNull(reader: Reader): Reader {
  return (value) => {
    if (value !== null) reader(value);
  };
}

/** Read one of the texts. */
export function oneOf(...choices: readonly string[]): Reader {
  return (value) => {
    if (typeof value !== "string" || !choices.includes(value)) {
      throw new FormatError(`is none of ${choices.join(", ")}`);
    }
  };
}

/** Read a list of what *reader* reads. */
export function items(reader: Reader): Reader {
  return (value) => {
    if (!Array.isArray(value)) throw new FormatError("is no list");
    for (const [place, member] of value.entries()) within(`[${place}]`, reader, member);
  };
}

/** Read an object with exactly these keys; those that are *optional* may be missing. */
export function record(form: { readonly [key: string]: Reader }, optional: readonly string[] = []): Reader {
  const readers = new Map(Object.entries(form));
  return (value) => {
    if (!isObject(value)) throw new FormatError("is no object");
    const members = new Map(Object.entries(value));
    for (const key of readers.keys()) {
      if (!members.has(key) && !optional.includes(key)) throw new FormatError(`lacks the key '${key}'`);
    }
    for (const [key, member] of members) {
      const reader = readers.get(key);
      if (reader === undefined) throw new FormatError(`has the unknown key '${key}'`);
      within(key, reader, member);
    }
  };
}

function within(name: string, reader: Reader, value: Json): void {
  try {
    reader(value);
  } catch (error) {
    throw error instanceof FormatError ? new FormatError(`${name} ${error.message}`) : error;
  }
}
