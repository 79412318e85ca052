/** The objects that a PDF is made of (ISO 32000-2, 7.3). */

import { equal } from "../bytes.js";

export interface Name {
  readonly type: "name";
  /** Without the slash; bytes as characters U+0000 to U+00FF. */
  readonly name: string;
}

export interface Text {
  readonly type: "string";
  readonly bytes: Uint8Array;
}

/** An indirect reference. */
export interface Ref {
  readonly type: "ref";
  readonly number: number;
  readonly generation: number;
}

export interface Dict {
  readonly type: "dict";
  readonly entries: ReadonlyMap<string, PdfObject>;
}

export interface Stream {
  readonly type: "stream";
  readonly entries: ReadonlyMap<string, PdfObject>;
  /** Where its data begin in the file; -1 for one that has none there. */
  readonly begin: number;
}

export type PdfObject = null | boolean | number | Name | Text | Ref | Dict | Stream | readonly PdfObject[];

export function isName(value: PdfObject | undefined, name: string): boolean {
  return isKind(value, "name") && value.name === name;
}

type Tagged = Exclude<PdfObject, null | boolean | number | readonly PdfObject[]>;

/** Whether *value* is of the tagged kind *type*. */
export function isKind<K extends Tagged["type"]>(
  value: PdfObject | undefined,
  type: K,
): value is Extract<Tagged, { type: K }> {
  return typeof value === "object" && value !== null && "type" in value && value.type === type;
}

/** Return the entries of a dictionary or stream, none of anything else. */
export function entriesOf(value: PdfObject | undefined): ReadonlyMap<string, PdfObject> {
  return isKind(value, "dict") || isKind(value, "stream") ? value.entries : new Map();
}

/** Whether two values say the same, references followed to nothing; two streams never do. */
export function same(one: PdfObject | undefined, other: PdfObject | undefined): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (isArray(one) || isArray(other)) {
    return (
      isArray(one) && isArray(other) && one.length === other.length && one.every((part, at) => same(part, other[at]))
    );
  }
  if (one.type === "name" && other.type === "name") return one.name === other.name;
  if (one.type === "string" && other.type === "string") return equal(one.bytes, other.bytes);
  if (one.type === "ref" && other.type === "ref")
    return one.number === other.number && one.generation === other.generation;
  if (one.type !== "dict" || other.type !== "dict" || one.entries.size !== other.entries.size) return false;
  return [...one.entries].every(([key, value]) => other.entries.has(key) && same(value, other.entries.get(key)));
}

export function isArray(value: PdfObject | undefined): value is readonly PdfObject[] {
  return Array.isArray(value);
}

const UTF16 = new TextDecoder("utf-16be");
const UTF8 = new TextDecoder("utf-8");

/** Return a text string (7.9.2.2) as text; what is not Unicode is read byte by byte. */
export function textOf(value: PdfObject | undefined): string {
  if (!isKind(value, "string")) return "";
  const { bytes } = value;
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return UTF16.decode(bytes);
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return UTF8.decode(bytes);
  return String.fromCharCode(...bytes.subarray(0, 4096));
}
