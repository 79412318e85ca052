/** Bytes, and the few forms of text that the format writes them in. */

import { FormatError } from "./errors.js";

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const ENCODER = new TextEncoder();
const HEX = /^(?:[0-9a-f]{2})*$/;
/** What is no base64 digit. */
const NONE = 0xff;
/** The value of each base64 digit, by its code. */
const SEXTETS = new Uint8Array(128).fill(NONE);
for (const [value, digit] of [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].entries()) {
  SEXTETS[digit.charCodeAt(0)] = value;
}

/** Bytes whose buffer is not shared between threads, as the browser's own functions want them. */
export type Bytes = Uint8Array<ArrayBuffer>;

export function utf8(text: string): Bytes {
  return ENCODER.encode(text);
}

/** Return *data* as text; raises `FormatError` when it is not UTF-8. A byte order mark stays. */
export function text(data: Uint8Array, what: string): string {
  try {
    return UTF8.decode(data);
  } catch {
    throw new FormatError(`${what} is not UTF-8`);
  }
}

/** Return *data* as text of one character a byte, whatever it is (ISO 8859-1, which browsers take for another one). */
export function latin1(data: Uint8Array): string {
  let found = "";
  for (let at = 0; at < data.length; at += 0x2000) found += String.fromCharCode(...data.subarray(at, at + 0x2000));
  return found;
}

export function hex(data: Uint8Array): string {
  let found = "";
  for (const byte of data) found += byte.toString(16).padStart(2, "0");
  return found;
}

/** Return the bytes of lower-case hexadecimal digits; raises `FormatError`. */
export function unhex(digits: string): Bytes {
  if (!HEX.test(digits)) throw new FormatError("not lower-case hexadecimal digits");
  const data = new Uint8Array(digits.length / 2);
  for (let at = 0; at < data.length; at++) data[at] = Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16);
  return data;
}

/** Return the bytes of base64 without line breaks (RFC 4648, 4), in its one spelling; raises `FormatError`. */
export function unbase64(digits: string): Bytes {
  const padding = digits.endsWith("==") ? 2 : digits.endsWith("=") ? 1 : 0;
  if (digits.length % 4 !== 0) throw new FormatError("not base64");
  const data = new Uint8Array((digits.length / 4) * 3 - padding);
  let [at, held, bits] = [0, 0, 0];
  for (let place = 0; place < digits.length - padding; place++) {
    const sextet = SEXTETS[digits.charCodeAt(place)] ?? NONE;
    if (sextet === NONE) throw new FormatError("not base64");
    held = ((held << 6) | sextet) & 0xfff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      data[at++] = held >> bits;
    }
  }
  if ((held & ((1 << bits) - 1)) !== 0) throw new FormatError("not base64 in its one spelling");
  return data;
}

export function base64(data: Uint8Array): string {
  let found = "";
  for (let at = 0; at < data.length; at += 0x8000) found += String.fromCharCode(...data.subarray(at, at + 0x8000));
  return btoa(found);
}

export function concat(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Negative, zero or positive, as *one* stands before, with or behind *other*, byte by byte. */
export function compare(one: Uint8Array, other: Uint8Array): number {
  const shorter = Math.min(one.length, other.length);
  for (let at = 0; at < shorter; at++) {
    const difference = (one[at] as number) - (other[at] as number);
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}

export function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && compare(one, other) === 0;
}

/** Order of text by code point, as Python sorts: not by UTF-16 units. */
export function byCodePoint(one: string, other: string): number {
  return compare(utf8(one), utf8(other));
}
