/** X.509 certificates as they are written (RFC 5280, 4.1). */

import { FormatError } from "../errors.js";
import * as der from "./der.js";
import { checkExtension, checkExtensions, type Extension, readExtensions } from "./extensions.js";
import { checkName, type Name, readName } from "./names.js";

/** What stands in a certificate. */
export interface X509 {
  /** What its authority signed. */
  readonly tbs: Uint8Array;
  readonly version: number;
  /** INTEGER, whole. */
  readonly serial: Uint8Array;
  /** AlgorithmIdentifiers, whole: as signed, and as stated beside the signature. */
  readonly signedAlgorithm: Uint8Array;
  readonly algorithm: Uint8Array;
  readonly issuer: Name;
  readonly subject: Name;
  /** In ms since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Whether its times are in the type that RFC 5280, 4.1.2.5, wants of their years. */
  readonly timesFit: boolean;
  readonly spki: Uint8Array;
  readonly signature: Uint8Array;
  readonly extensions: readonly Extension[];
}

/** Algorithms without parameters: ECDSA, Ed25519 and its kin. */
const BARE = /^(?:1\.2\.840\.10045\.4\.3\.[1-4]|2\.16\.840\.1\.101\.3\.4\.3\.(?:[1-4]|9|1[0-2])|1\.3\.101\.11[0-3])$/;
/** Algorithms with NULL or nothing: RSA and digests. */
const PLAIN = [
  /^1\.2\.840\.113549\.1\.1\.(?:1|5|1[1-4])$/,
  /^1\.3\.14\.3\.2\.(?:26|29)$/,
  /^2\.16\.840\.1\.101\.3\.4\.(?:2\.(?:[1-4]|[7-9]|10)|3\.1[3-6])$/,
];
/** Algorithms that have parameters: DSA, Diffie-Hellman, encryption with passwords. */
const RICH = /^1\.2\.840\.(?:10040\.4\.1|10046\.2\.1|113549\.1\.(?:3\.1|5\.1[23]))$/;
const PSS = "1.2.840.113549.1.1.10";
const EC = "1.2.840.10045.2.1";

/** The parts of a certificate, its names and extensions not read yet. */
interface Outline extends Omit<X509, "version" | "issuer" | "subject" | "extensions"> {
  /** Absent for version 1, which need not be stated. */
  readonly stated: bigint | undefined;
  readonly issuer: der.Value;
  readonly subject: der.Value;
  /** What stands inside the SEQUENCE of extensions. */
  readonly wrapped: Uint8Array | undefined;
}

/** Read a certificate; raises `FormatError`, also for one with a serial number that is not positive (4.1.2.2). */
export function readX509(data: Uint8Array): X509 {
  const { stated, issuer, subject, wrapped, ...outline } = readOutline(data);
  if (stated !== undefined && stated !== 2n) throw new FormatError("a certificate of a version that is not known");
  const serial = new der.Parts(outline.serial).next(der.INTEGER).content;
  if (der.number(serial) <= 0n) throw new FormatError("a certificate whose serial number is not positive");
  const extensions = wrapped ? readExtensions(new der.Parts(wrapped)) : [];
  extensions.forEach(checkExtension);
  const version = stated === undefined ? 1 : 3;
  return { ...outline, version, issuer: readName(issuer), subject: readName(subject), extensions };
}

/** Read no more than of what parts a certificate consists; raises `FormatError` when it does not. */
export function readOutline(data: Uint8Array): Outline {
  const parts = der.open(der.shallow(data));
  const tbs = parts.next(der.SEQUENCE);
  const algorithm = readAlgorithm(parts.next(der.SEQUENCE));
  const signature = der.bits(der.only(parts, der.BIT_STRING).content).data;
  return { ...readTbs(new der.Parts(tbs.content)), tbs: tbs.whole, algorithm, signature };
}

function readTbs(parts: der.Parts): Omit<Outline, "tbs" | "algorithm" | "signature"> {
  const stated = readVersion(parts.optional(0xa0));
  const serial = parts.next(der.INTEGER);
  der.number(serial.content);
  const signedAlgorithm = readAlgorithm(parts.next(der.SEQUENCE));
  const issuer = parts.next(der.SEQUENCE);
  const validity = parts.into();
  const begin = validity.next();
  const end = der.only(validity);
  const subject = parts.next(der.SEQUENCE);
  const spki = parts.next(der.SEQUENCE);
  checkSpki(new der.Parts(spki.content));
  for (const found of [parts.optional(0x81), parts.optional(0x82)]) if (found) der.bits(found.content);
  const explicit = parts.optional(0xa3);
  parts.end();
  [issuer, subject].forEach(checkName);
  const wrapped = explicit && der.only(new der.Parts(explicit.content), der.SEQUENCE).content;
  if (wrapped) checkExtensions(new der.Parts(wrapped));
  const times = { notBefore: der.time(begin), notAfter: der.time(end), timesFit: timeFits(begin) && timeFits(end) };
  return { stated, serial: serial.whole, signedAlgorithm, issuer, subject, ...times, spki: spki.whole, wrapped };
}

function readVersion(value: der.Value | undefined): bigint | undefined {
  if (!value) return undefined;
  const version = der.number(der.only(new der.Parts(value.content), der.INTEGER).content);
  if (version <= 0n || version > 255n) throw new FormatError("a certificate of no version");
  return version;
}

/** Return an AlgorithmIdentifier whole; those that are known have no other parameters than they may have. */
export function readAlgorithm(value: der.Value): Uint8Array {
  const parts = new der.Parts(value.content);
  const kind = der.dotted(parts.next(der.OID).content);
  const parameters = parts.empty ? undefined : der.only(parts);
  if (!mayHave(kind, parameters)) throw new FormatError("an algorithm with other parameters than it has");
  return value.whole;
}

function mayHave(kind: string, parameters: der.Value | undefined): boolean {
  if (BARE.test(kind)) return parameters === undefined;
  const nothing = parameters?.tag === der.NULL && parameters.content.length === 0;
  if (PLAIN.some((known) => known.test(kind))) return parameters === undefined || nothing;
  if (RICH.test(kind)) return parameters?.tag === der.SEQUENCE;
  if (kind === EC && parameters?.tag === der.OID) return der.dotted(parameters.content) !== "";
  if (kind === EC) return nothing || parameters?.tag === der.SEQUENCE;
  if (kind === PSS && parameters?.tag === der.SEQUENCE) checkPss(new der.Parts(parameters.content));
  return kind !== PSS || parameters === undefined || parameters.tag === der.SEQUENCE;
}

/** Check the parameters of RSA-PSS (RFC 4055, 3.1); raises `FormatError`. */
function checkPss(parts: der.Parts): void {
  const [hash, mask, salt, trailer] = [0xa0, 0xa1, 0xa2, 0xa3].map((tag) => parts.optional(tag));
  parts.end();
  if (hash) readAlgorithm(der.only(new der.Parts(hash.content), der.SEQUENCE));
  if (mask) {
    const inner = der.open(mask.content);
    der.dotted(inner.next(der.OID).content);
    readAlgorithm(der.only(inner, der.SEQUENCE));
  }
  for (const [value, most] of [[salt, 0xffffn], [trailer, 0xffn]] as const) {
    const found = value ? der.number(der.only(new der.Parts(value.content), der.INTEGER).content) : 0n;
    if (found < 0n || found > most) throw new FormatError("a number that is too large");
  }
}

function checkSpki(parts: der.Parts): void {
  readAlgorithm(parts.next(der.SEQUENCE));
  der.bits(der.only(parts, der.BIT_STRING).content);
}

function timeFits(value: der.Value): boolean {
  const year = new Date(der.time(value)).getUTCFullYear();
  return value.tag === der.UTC_TIME || year < 1950 || year > 2049;
}

/** Return the value of an extension of the kind *type*. */
export function extensionOf(certificate: X509, type: string): Uint8Array | undefined {
  return certificate.extensions.find((extension) => extension.type === type)?.value;
}
