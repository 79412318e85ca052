/** JSON that others wrote (RFC 8259): objects in which no key stands twice. */

import { text } from "../bytes.js";
import { shorten } from "../display.js";
import { FormatError } from "../errors.js";
import type { Json } from "../models.js";

/** How deep arrays and objects may lie inside each other, and how many digits a whole number may have. */
const [DEEPEST, LONGEST_NUMBER] = [900, 4300] as const;
const NUMBER = /-?([0-9]+)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const COLON = /[ \t\n\r]*:/y;

/** Return the object that *data* is; raises `FormatError`, also for a key that stands twice. */
export function jsonObject(data: Uint8Array, what = "it"): ReadonlyMap<string, Json> {
  const source = text(data, what);
  let value: Json;
  try {
    scan(source, what);
    value = JSON.parse(source) as Json;
  } catch (error) {
    if (error instanceof SyntaxError) throw new FormatError(`${what} is not JSON: ${shorten(error.message)}`);
    throw error;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new FormatError(`${what} is not a JSON object`);
  }
  return new Map(Object.entries(value));
}

/** Refuse what `JSON.parse` would take; whether all else is JSON is for it. */
function scan(source: string, what: string): void {
  /** The keys of every object that is open, null for arrays. */
  const open: (Set<string> | null)[] = [];
  for (let at = 0; at < source.length; at++) {
    const character = source.charAt(at);
    if (character === "{" || character === "[") {
      open.push(character === "{" ? new Set() : null);
      if (open.length > DEEPEST) throw new FormatError(`${what} is not JSON that is nested at most ${DEEPEST} deep`);
    } else if (character === "}" || character === "]") {
      open.pop();
    } else if (character === '"') {
      const end = endOfString(source, at);
      const keys = open[open.length - 1];
      COLON.lastIndex = end;
      if (keys && COLON.test(source)) note(keys, JSON.parse(source.slice(at, end)) as string);
      at = end - 1;
    } else {
      at += numberAt(source, at, what);
    }
  }
}

function note(keys: Set<string>, key: string): void {
  if (keys.has(key)) throw new FormatError("JSON names a key twice in one object");
  keys.add(key);
}

/** Return the length of the number at *at* behind its first character. */
function numberAt(source: string, at: number, what: string): number {
  NUMBER.lastIndex = at;
  const found = NUMBER.exec(source);
  if (found === null) return 0;
  const [whole, digits = "", fraction, exponent] = found;
  if (fraction === undefined && exponent === undefined && digits.length > LONGEST_NUMBER) {
    throw new FormatError(`${what} holds a number of more than ${LONGEST_NUMBER} digits`);
  }
  return whole.length - 1;
}

function endOfString(source: string, begin: number): number {
  for (let at = begin + 1; at < source.length; at++) {
    const character = source.charAt(at);
    if (character === '"') return at + 1;
    if (character === "\\") at++;
  }
  return source.length;
}
