/** Distinguished names (X.501; RFC 5280, 4.1.2.4), as text and for comparing. */

import { hex } from "../bytes.js";
import { FormatError } from "../errors.js";
import * as der from "./der.js";

/** A name that was read. */
export interface Name {
  /** DER. */
  readonly der: Uint8Array;
  /** Its common name when there is one, else the whole name (RFC 4514); text from outside, not escaped. */
  readonly readable: string;
  /** The whole name (RFC 4514), not escaped. */
  readonly text: string;
  /** The same for names with the same values, in whatever string types they are written. */
  readonly key: string;
  readonly empty: boolean;
}

interface Attribute {
  readonly type: string;
  /** Text, or bytes as `#` and hexadecimal digits. */
  readonly value: string;
  readonly raw: boolean;
}

const COMMON_NAME = "2.5.4.3";
const UNIQUE_IDENTIFIER = "2.5.4.45";
const SHORT: ReadonlyMap<string, string> = new Map([
  [COMMON_NAME, "CN"],
  ["2.5.4.7", "L"],
  ["2.5.4.8", "ST"],
  ["2.5.4.10", "O"],
  ["2.5.4.11", "OU"],
  ["2.5.4.6", "C"],
  ["2.5.4.9", "STREET"],
  ["0.9.2342.19200300.100.1.25", "DC"],
  ["0.9.2342.19200300.100.1.1", "UID"],
]);
/** String types whose bytes are read as UTF-8, as nearly everybody fills them. */
const TEXT_TAGS = new Set([0x04, 0x0c, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1a]);
const PRINTABLE_STRING = 0x13;
const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]*$/;
const BMP_STRING = 0x1e;
const UNIVERSAL_STRING = 0x1c;
/** String types whose bytes must be right for a name to be one at all. */
const STRICT_TAGS = new Set([PRINTABLE_STRING, BMP_STRING, UNIVERSAL_STRING]);
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const UTF16 = new TextDecoder("utf-16be", { fatal: true, ignoreBOM: true });

/** Read a Name; raises `FormatError`. */
export function readName(value: der.Value): Name {
  const steps = der.open(value.whole).rest(der.SET).map(readStep);
  const common = steps.flat().find((attribute) => attribute.type === COMMON_NAME);
  const text = whole(steps);
  const key = JSON.stringify(steps.map((step) => step.map(({ type, value }) => `${type}=${value}`).sort()));
  return { der: value.whole, readable: common?.value ?? text, text, key, empty: steps.length === 0 };
}

/** Raise `FormatError` for what is no Name at all; what most of its attributes say is not looked at. */
export function checkName(value: der.Value): void {
  for (const step of der.open(value.whole).rest(der.SET)) {
    for (const { content } of membersOf(step)) {
      const parts = new der.Parts(content);
      der.dotted(parts.next(der.OID).content);
      const { tag, content: value } = der.only(parts);
      if (STRICT_TAGS.has(tag)) decoded(tag, value);
    }
  }
}

function membersOf(step: der.Value): der.Value[] {
  const members = new der.Parts(step.content).rest(der.SEQUENCE);
  der.wantOrdered(members);
  return members;
}

/** Read a RelativeDistinguishedName: at least one attribute, none twice, in DER order. */
function readStep(step: der.Value): Attribute[] {
  const members = membersOf(step);
  if (members.length === 0) throw new FormatError("a name with an empty part");
  const found = members.map((member) => readAttribute(new der.Parts(member.content)));
  if (new Set(found.map(({ type, value }) => `${type}=${value}`)).size !== found.length) {
    throw new FormatError("a name says the same twice");
  }
  return found;
}

function readAttribute(parts: der.Parts): Attribute {
  const type = der.dotted(parts.next(der.OID).content);
  const { tag, content } = der.only(parts);
  if (tag === der.BIT_STRING && type === UNIQUE_IDENTIFIER) return { type, value: `#${hex(content)}`, raw: true };
  return { type, value: decoded(tag, content), raw: false };
}

function decoded(tag: number, content: Uint8Array): string {
  if (tag === PRINTABLE_STRING && !PRINTABLE.test(der.ascii(content))) throw new FormatError("a name that is not text");
  try {
    if (tag === BMP_STRING) return UTF16.decode(content);
    if (tag === UNIVERSAL_STRING) return utf32(content);
    if (TEXT_TAGS.has(tag)) return UTF8.decode(content);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new FormatError("a name that is not text");
  }
  throw new FormatError("a name that is not text");
}

/** Raise `FormatError` for what is not a BMPString. */
export function checkUtf16(content: Uint8Array): void {
  decoded(BMP_STRING, content);
}

function utf32(content: Uint8Array): string {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  let found = "";
  for (let at = 0; at < content.length; at += 4) {
    const point = at + 4 <= content.length ? view.getUint32(at) : -1;
    const surrogate = point >= 0xd800 && point < 0xe000;
    if (point < 0 || point > 0x10ffff || surrogate) throw new FormatError("a name that is not text");
    found += String.fromCodePoint(point);
  }
  return found;
}

/** The string of RFC 4514: last step first. */
function whole(steps: readonly Attribute[][]): string {
  const said = (one: Attribute) => `${SHORT.get(one.type) ?? one.type}=${escaped(one)}`;
  const written = steps.map((step) => step.map(said).join("+"));
  return written.reverse().join(",");
}

function escaped({ value, raw }: Attribute): string {
  if (raw) return value;
  let found = value.replace(/[\\"+,;<>]/g, "\\$&").replaceAll("\0", "\\00");
  if (found.startsWith("#") || (found.startsWith(" ") && found.length > 1)) found = `\\${found}`;
  return found.endsWith(" ") ? `${found.slice(0, -1)}\\ ` : found;
}
