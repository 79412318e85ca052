/**
 * Extensions of certificates (RFC 5280, 4.2). Every function takes an extension's value and raises `FormatError` for
 * one that is not in the form of its kind: a certificate with such an extension is none.
 */

import { text } from "../bytes.js";
import { FormatError } from "../errors.js";
import * as der from "./der.js";
import { type GeneralName, readGeneralName, readGeneralNames } from "./general_names.js";
import { checkUtf16, readName } from "./names.js";
import * as rare from "./rare_extensions.js";

export const SUBJECT_KEY = "2.5.29.14";
export const KEY_USAGE = "2.5.29.15";
export const ALTERNATIVE_NAME = "2.5.29.17";
export const BASIC_CONSTRAINTS = "2.5.29.19";
export const NAME_CONSTRAINTS = "2.5.29.30";
export const CRL_POINTS = "2.5.29.31";
export const POLICIES = "2.5.29.32";
export const AUTHORITY_KEY = "2.5.29.35";
export const POLICY_CONSTRAINTS = "2.5.29.36";
export const PURPOSES = "2.5.29.37";
export const INHIBIT_ANY_POLICY = "2.5.29.54";
export const ISSUING_POINT = "2.5.29.28";
export const AUTHORITY_ACCESS = "1.3.6.1.5.5.7.1.1";

const LARGEST = 1n << 64n;

export interface Extension {
  readonly type: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/** Read the extensions inside their SEQUENCE; raises `FormatError` when one stands there twice. */
export function readExtensions(parts: der.Parts): Extension[] {
  const found = parts.rest(der.SEQUENCE).map(({ content }) => readExtension(new der.Parts(content)));
  if (new Set(found.map(({ type }) => type)).size !== found.length) throw new FormatError("an extension stands twice");
  return found;
}

function readExtension(parts: der.Parts): Extension {
  const type = der.dotted(parts.next(der.OID).content);
  const critical = flag(parts, der.BOOLEAN);
  return { type, critical, value: der.only(parts, der.OCTETS).content };
}

/** Raise `FormatError` for what are not extensions; whether one stands there twice is not looked at. */
export function checkExtensions(parts: der.Parts): void {
  for (const { content } of parts.rest(der.SEQUENCE)) readExtension(new der.Parts(content));
}

/** Raise `FormatError` for an extension of a known kind that is not in its form. */
export function checkExtension({ type, value }: Extension): void {
  READERS.get(type)?.(value);
}

/** Return a BOOLEAN that is DEFAULT FALSE, from under *tag*: when it is there, it is true. */
export function flag(parts: der.Parts, tag: number): boolean {
  const stated = parts.optional(tag);
  if (stated && !der.boolean(stated.content)) throw new FormatError("something states what goes without saying");
  return stated !== undefined;
}

export function basicConstraints(value: Uint8Array): { ca: boolean; length: bigint | undefined } {
  const parts = der.open(value);
  const ca = flag(parts, der.BOOLEAN);
  const length = parts.optional(der.INTEGER);
  parts.end();
  if (length && !ca) throw new FormatError("a length of paths below what is no authority");
  return { ca, length: length && small(length.content) };
}

export function keyUsage(value: Uint8Array): { certSign: boolean; crlSign: boolean } {
  const found = der.bits(der.only(new der.Parts(value), der.BIT_STRING).content);
  if (!found.has(4) && (found.has(7) || found.has(8))) throw new FormatError("a usage that contradicts itself");
  return { certSign: found.has(5), crlSign: found.has(6) };
}

/** Return the OIDs of the purposes. */
export function purposes(value: Uint8Array): string[] {
  const found = der.open(value).rest(der.OID).map(({ content }) => der.dotted(content));
  if (found.length === 0) throw new FormatError("purposes without a purpose");
  return found;
}

/** Return the OIDs of the policies. */
export function policies(value: Uint8Array): string[] {
  return der.open(value).rest(der.SEQUENCE).map(({ content }) => {
    const parts = new der.Parts(content);
    const policy = der.dotted(parts.next(der.OID).content);
    const qualifiers = parts.optional(der.SEQUENCE);
    parts.end();
    if (qualifiers) new der.Parts(qualifiers.content).rest(der.SEQUENCE).forEach(checkQualifier);
    return policy;
  });
}

function checkQualifier({ content }: der.Value): void {
  const parts = new der.Parts(content);
  const kind = der.dotted(parts.next(der.OID).content);
  const value = der.only(parts);
  if (kind === "1.3.6.1.5.5.7.2.1" && value.tag === 0x16) {
    if (value.content.some((byte) => byte >= 0x80)) throw new FormatError("not a place where a policy is");
  } else if (kind === "1.3.6.1.5.5.7.2.2" && value.tag === der.SEQUENCE) {
    checkNotice(new der.Parts(value.content));
  } else {
    throw new FormatError("not a qualifier of a policy");
  }
}

function checkNotice(parts: der.Parts): void {
  const reference = parts.optional(der.SEQUENCE);
  if (reference) {
    const inner = new der.Parts(reference.content);
    checkDisplayText(inner.next());
    for (const { content } of new der.Parts(der.only(inner, der.SEQUENCE).content).rest(der.INTEGER)) natural(content);
  }
  if (!parts.empty) checkDisplayText(der.only(parts));
}

function checkDisplayText({ tag, content }: der.Value): void {
  if (tag === 0x16 && content.some((byte) => byte >= 0x80)) throw new FormatError("not a text");
  if (tag !== 0x1e && tag !== 0x16 && tag !== 0x0c && tag !== 0x1a) throw new FormatError("not a text");
  if (tag === 0x1e) checkUtf16(content);
  else text(content, "a notice");
}

export function alternativeNames(value: Uint8Array): GeneralName[] {
  return readGeneralNames(der.only(new der.Parts(value), der.SEQUENCE).content);
}

/** Return the key identifier, and whether issuer and serial number stand beside it. */
export function authorityKey(value: Uint8Array): { key: Uint8Array | undefined } {
  const parts = der.open(value);
  const key = parts.optional(0x80);
  const issuer = parts.optional(0xa1);
  const serial = parts.optional(0x82);
  parts.end();
  if ((issuer === undefined) !== (serial === undefined)) throw new FormatError("an authority's key named in part");
  if (issuer) readGeneralNames(issuer.content);
  if (serial) der.number(serial.content);
  return { key: key?.content };
}

export function subjectKey(value: Uint8Array): Uint8Array {
  return der.only(new der.Parts(value), der.OCTETS).content;
}

/** Return the full names of each distribution point (4.2.1.13); none for one that has no such names. */
export function crlPoints(value: Uint8Array): GeneralName[][] {
  return der.open(value).rest(der.SEQUENCE).map(({ content }) => {
    const parts = new der.Parts(content);
    const point = parts.optional(0xa0);
    const reasons = parts.optional(0x81);
    const issuer = parts.optional(0xa2);
    parts.end();
    const { names, relative } = point ? pointName(point.content) : { names: undefined, relative: false };
    if (reasons) someReasons(reasons.content);
    const issuers = issuer ? readGeneralNames(issuer.content) : [];
    // What X.509 wants of a point: a name or an issuer, and never reasons alone.
    if (!names?.length && !relative && issuers.length === 0) throw new FormatError("a point that says nothing");
    return names ?? [];
  });
}

/** Return whether ReasonFlags have one of the reasons that there are (4.2.1.13). */
export function someReasons(content: Uint8Array): boolean {
  const found = der.bits(content);
  return [1, 2, 3, 4, 5, 6, 7, 8].some((bit) => found.has(bit));
}

/** The name of a distribution point: full names, or one relative to the issuer. */
export interface PointName {
  readonly names: GeneralName[] | undefined;
  readonly relative: boolean;
}

/** Read a DistributionPointName. */
export function pointName(content: Uint8Array): PointName {
  const value = der.only(new der.Parts(content));
  if (value.tag === 0xa0) return { names: readGeneralNames(value.content), relative: false };
  if (value.tag !== 0xa1) throw new FormatError("not the name of a distribution point");
  readName({ ...value, whole: der.sequence(der.tlv(der.SET, value.content)) });
  return { names: undefined, relative: true };
}

/** Return what a name below an authority must and must not lie in. */
export function nameConstraints(value: Uint8Array): { permitted: GeneralName[]; excluded: GeneralName[] } {
  const parts = der.open(value);
  const permitted = parts.optional(0xa0);
  const excluded = parts.optional(0xa1);
  parts.end();
  if (!permitted && !excluded) throw new FormatError("constraints that constrain nothing");
  return { permitted: subtrees(permitted), excluded: subtrees(excluded) };
}

function subtrees(value: der.Value | undefined): GeneralName[] {
  if (!value) return [];
  if (value.content.length === 0) throw new FormatError("constraints that constrain nothing");
  return new der.Parts(value.content).rest(der.SEQUENCE).map(({ content }) => {
    const parts = new der.Parts(content);
    const base = readGeneralName(parts.next());
    const one = base.kind === "ip" && (base.bytes.length === 4 || base.bytes.length === 16);
    if (one || (base.kind === "dns" && base.text.includes("*"))) throw new FormatError("not a constraint");
    const minimum = parts.optional(0x80);
    const maximum = parts.optional(0x81);
    parts.end();
    if (minimum && small(minimum.content) === 0n) throw new FormatError("something states what goes without saying");
    if (maximum) small(maximum.content);
    return base;
  });
}

function checkAccess(value: Uint8Array): void {
  for (const { content } of der.open(value).rest(der.SEQUENCE)) {
    const parts = new der.Parts(content);
    der.dotted(parts.next(der.OID).content);
    readGeneralName(der.only(parts));
  }
}

function checkPolicyConstraints(value: Uint8Array): void {
  const parts = der.open(value);
  const found = [parts.optional(0x80), parts.optional(0x81)].filter((one) => one !== undefined);
  parts.end();
  if (found.length === 0) throw new FormatError("constraints that constrain nothing");
  for (const { content } of found) small(content);
}

function checkNothing(value: Uint8Array): void {
  if (der.only(new der.Parts(value), der.NULL).content.length > 0) throw new FormatError("not nothing");
}

/** Return an INTEGER that is not negative. */
export function natural(content: Uint8Array): bigint {
  const found = der.number(content);
  if (found < 0n) throw new FormatError("a negative number");
  return found;
}

function small(content: Uint8Array): bigint {
  const found = natural(content);
  if (found >= LARGEST) throw new FormatError("a number that is too large");
  return found;
}

const READERS = new Map<string, (value: Uint8Array) => unknown>([
  [SUBJECT_KEY, subjectKey],
  [KEY_USAGE, keyUsage],
  [ALTERNATIVE_NAME, alternativeNames],
  ["2.5.29.18", alternativeNames],
  [BASIC_CONSTRAINTS, basicConstraints],
  [NAME_CONSTRAINTS, nameConstraints],
  [CRL_POINTS, crlPoints],
  ["2.5.29.46", crlPoints],
  [POLICIES, policies],
  [AUTHORITY_KEY, authorityKey],
  [POLICY_CONSTRAINTS, checkPolicyConstraints],
  [PURPOSES, purposes],
  [INHIBIT_ANY_POLICY, (value) => natural(der.only(new der.Parts(value), der.INTEGER).content)],
  [AUTHORITY_ACCESS, checkAccess],
  ["1.3.6.1.5.5.7.1.11", checkAccess],
  ["1.3.6.1.5.5.7.48.1.5", checkNothing],
  ["2.5.29.16", rare.checkUsagePeriod],
  ["1.3.6.1.5.5.7.1.24", rare.checkTlsFeatures],
  ["1.3.6.1.4.1.11129.2.4.2", rare.checkTransparency],
  ["1.3.6.1.4.1.11129.2.4.3", checkNothing],
  ["1.3.6.1.4.1.311.21.7", rare.checkTemplate],
  ["1.3.36.8.3.3", rare.checkAdmissions],
]);

/** What also stands in revocation lists. */
export const READERS_OF_LISTS = [...READERS].filter(([type]) => {
  return ["2.5.29.18", "2.5.29.46", AUTHORITY_KEY, AUTHORITY_ACCESS].includes(type);
});
