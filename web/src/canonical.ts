/**
 * The exact bytes that are hashed and signed: canonical JSON (RFC 8785) of a part of JSON (evidence-format.md, 1).
 *
 * Objects have no prototype, so that no key of outside text finds anything but what was written.
 */

import { type Bytes, text, utf8 } from "./bytes.js";
import { FormatError } from "./errors.js";
import type { Json } from "./models.js";

export type JsonObject = { readonly [key: string]: Json };

const DEEPEST = 50;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?![.eE])/y;
const ASCII = /^[\0-\x7f]*$/;
const HALF_A_PAIR = /\p{Cs}/u;
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["\\", "\\"],
  ["/", "/"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

/** Whether *value* is an object, neither null nor an array. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Return the text that *value* is; empty for whatever else: objects without a prototype cannot be made one. */
export function textOr(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

/** Return a whole number, or undefined; where one is wanted `true` counts as 1 and `false` as 0, as in Python. */
export function whole(value: Json | undefined): number | undefined {
  return typeof value === "number" || typeof value === "boolean" ? Number(value) : undefined;
}

/** Whether two values are equal, as Python compares them: `true` is 1, and `false` is 0. */
export function same(one: Json | undefined, other: Json | undefined): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((member, place) => same(member, other[place]));
  }
  if (isObject(one) && isObject(other)) {
    const keys = Object.keys(one);
    return keys.length === Object.keys(other).length && keys.every((key) => key in other && same(one[key], other[key]));
  }
  return one === other || (whole(one) !== undefined && whole(one) === whole(other));
}

/** Return the value whose canonical form is exactly *data*; raises `FormatError` for any other spelling of it. */
export function loads(data: Uint8Array): Json {
  const source = text(data, "JSON");
  const value = new Reader(source).whole();
  if (encode(value) !== source) throw new FormatError("JSON is not in canonical form (RFC 8785)");
  return value;
}

/** Return the value of any UTF-8 JSON text of the allowed part; a key that stands twice raises `FormatError`. */
export function parse(data: Uint8Array): Json {
  return new Reader(text(data, "JSON")).whole();
}

/** Return the canonical UTF-8 bytes of a *value* that was read here, without a line end. */
export function dumps(value: Json): Bytes {
  return utf8(encode(value));
}

function encode(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(encode).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  // Keys are ASCII: sorting by UTF-16 units, as `sort` does, is sorting by code point.
  const members = Object.keys(value).sort();
  return `{${members.map((key) => `${JSON.stringify(key)}:${encode(value[key] as Json)}`).join(",")}}`;
}

/** Reads one JSON text from its beginning to its end: `JSON.parse` would take doubled keys, fractions and any depth. */
class Reader {
  private at = 0;

  constructor(private readonly source: string) {}

  whole(): Json {
    const value = this.value(0);
    this.space();
    if (this.at !== this.source.length) this.refuse();
    return value;
  }

  private value(depth: number): Json {
    if (depth > DEEPEST) throw new FormatError(`JSON is nested deeper than ${DEEPEST}`);
    this.space();
    switch (this.source[this.at]) {
      case '"':
        return this.string();
      case "{":
        return this.object(depth);
      case "[":
        return this.array(depth);
      case "t":
        return this.word("true", true);
      case "f":
        return this.word("false", false);
      case "n":
        return this.word("null", null);
      default:
        return this.number();
    }
  }

  private object(depth: number): JsonObject {
    const found: { [key: string]: Json } = Object.create(null) as { [key: string]: Json };
    this.at += 1;
    if (this.takes("}")) return found;
    do {
      this.space();
      const key = this.string();
      if (!ASCII.test(key)) throw new FormatError("JSON holds a key that is not ASCII text");
      if (key in found) throw new FormatError("JSON names a key twice in one object");
      if (!this.takes(":")) this.refuse();
      found[key] = this.value(depth + 1);
    } while (this.takes(","));
    if (!this.takes("}")) this.refuse();
    return found;
  }

  private array(depth: number): readonly Json[] {
    const found: Json[] = [];
    this.at += 1;
    if (this.takes("]")) return found;
    do found.push(this.value(depth + 1));
    while (this.takes(","));
    if (!this.takes("]")) this.refuse();
    return found;
  }

  private string(): string {
    if (this.source.charCodeAt(this.at) !== QUOTE) this.refuse();
    this.at += 1;
    let found = "";
    const first = this.at;
    let begin = first;
    for (;;) {
      const unit = this.source.charCodeAt(this.at);
      if (unit === QUOTE) break;
      // Behind the end it is not a number, which is not at least 0x20 either.
      if (!(unit >= 0x20)) this.refuse();
      if (unit === BACKSLASH) {
        found += this.source.slice(begin, this.at) + this.escape();
        begin = this.at;
      } else this.at += 1;
    }
    found += this.source.slice(begin, this.at);
    this.at += 1;
    // UTF-8 holds no half of a pair: only an escape can have made one.
    if (begin !== first && HALF_A_PAIR.test(found)) throw new FormatError("JSON holds half a surrogate pair");
    return found;
  }

  private escape(): string {
    const letter = this.source.charAt(this.at + 1);
    const digits = this.source.slice(this.at + 2, this.at + 6);
    if (letter === "u" && /^[0-9a-fA-F]{4}$/.test(digits)) {
      this.at += 6;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const meant = ESCAPES.get(letter);
    if (meant === undefined) return this.refuse();
    this.at += 2;
    return meant;
  }

  private number(): number {
    NUMBER.lastIndex = this.at;
    const digits = NUMBER.exec(this.source)?.[0];
    if (digits === undefined) return this.refuse();
    const value = Number(digits);
    if (!Number.isSafeInteger(value)) throw new FormatError("JSON holds a whole number beyond 2**53 - 1");
    this.at += digits.length;
    return value === 0 ? 0 : value; // never -0
  }

  private word<T>(word: string, value: T): T {
    if (!this.source.startsWith(word, this.at)) this.refuse();
    this.at += word.length;
    return value;
  }

  private takes(character: string): boolean {
    this.space();
    if (this.source[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  private space(): void {
    for (;;) {
      const unit = this.source.charCodeAt(this.at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
      this.at += 1;
    }
  }

  private refuse(): never {
    throw new FormatError(`not JSON of the allowed part at character ${this.at}`);
  }
}
