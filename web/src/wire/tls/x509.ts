/** Certificates of servers (RFC 5280, 4.1), read as strictly as DER is, and whether one signed another. */

import { equal } from "../../bytes.js";
import { FormatError } from "../../errors.js";
import * as der from "../../trust/der.js";
import type { Extension } from "../../trust/extensions.js";
import { readName } from "../../trust/names.js";
import { readExtension } from "./extensions.js";
import { type HashId, isHashId, SHA1, SHA224, SHA256, SHA384, SHA512 } from "./hashes.js";
import { type How, isSignedBy, readKey } from "./keys.js";

/** One certificate. */
export interface X509 {
  /** What is signed. */
  readonly tbs: Uint8Array;
  /** The algorithm as it is signed, and as it stands outside. */
  readonly algorithm: Uint8Array;
  readonly outerAlgorithm: Uint8Array;
  readonly signature: Uint8Array;
  readonly issuer: der.Value;
  readonly subject: der.Value;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** The SubjectPublicKeyInfo. */
  readonly key: Uint8Array;
  readonly extensions: readonly Extension[];
}

/** Bytes of salt where RSASSA-PSS states none. */
const SALT = 20;
const MGF1 = "1.2.840.113549.1.1.8";
const PSS = "1.2.840.113549.1.1.10";

/** How certificates are signed; with SHA-1 or MD5 is not at all. */
const SIGNATURES: ReadonlyMap<string, How> = new Map<string, How>([
  ["1.2.840.113549.1.1.14", { way: "pkcs1", hash: SHA224 }],
  ["1.2.840.113549.1.1.11", { way: "pkcs1", hash: SHA256 }],
  ["1.2.840.113549.1.1.12", { way: "pkcs1", hash: SHA384 }],
  ["1.2.840.113549.1.1.13", { way: "pkcs1", hash: SHA512 }],
  ...sha3("2.16.840.1.101.3.4.3", 13, "pkcs1"),
  ["1.2.840.10045.4.3.1", { way: "ecdsa", hash: SHA224 }],
  ["1.2.840.10045.4.3.2", { way: "ecdsa", hash: SHA256 }],
  ["1.2.840.10045.4.3.3", { way: "ecdsa", hash: SHA384 }],
  ["1.2.840.10045.4.3.4", { way: "ecdsa", hash: SHA512 }],
  ...sha3("2.16.840.1.101.3.4.3", 9, "ecdsa"),
  ["2.16.840.1.101.3.4.3.1", { way: "dsa", hash: SHA224 }],
  ["2.16.840.1.101.3.4.3.2", { way: "dsa", hash: SHA256 }],
  ["1.3.101.112", { way: "ed25519" }],
  ["1.3.101.113", { way: "ed448" }],
  ["2.16.840.1.101.3.4.3.17", { way: "mldsa44" }],
  ["2.16.840.1.101.3.4.3.18", { way: "mldsa65" }],
  ["2.16.840.1.101.3.4.3.19", { way: "mldsa87" }],
]);

/** The four identifiers from *first* on, for SHA3-224 to SHA3-512. */
function sha3(arc: string, first: number, way: "pkcs1" | "ecdsa"): [string, How][] {
  return [7, 8, 9, 10].map((hash, place) => {
    return [`${arc}.${first + place}`, { way, hash: `2.16.840.1.101.3.4.2.${hash}` as HashId }];
  });
}

const RSA = "1.2.840.113549.1.1.";
const NIST = "2.16.840.1.101.3.4.";
const PLAIN = "1.3.101.";

/** Algorithms whose parameters are NULL or absent, and those that have none; of others anything is taken. */
const NULL_OR_NONE: ReadonlySet<string> = new Set([
  ...[1, 5, 11, 12, 13, 14].map((last) => `${RSA}${last}`),
  ...["1.3.14.3.2.26", "1.3.14.3.2.29"],
  ...[1, 2, 3, 4].map((last) => `1.2.840.10045.4.3.${last}`),
  ...[1, 2, 3, 4, 7, 8, 9, 10].map((last) => `${NIST}2.${last}`),
  ...[1, 2, 3, 4, 13, 14, 15, 16].map((last) => `${NIST}3.${last}`),
]);
const NONE: ReadonlySet<string> = new Set([
  ...[110, 111, 112, 113].map((last) => `${PLAIN}${last}`),
  ...[9, 10, 11, 12, 17, 18, 19].map((last) => `${NIST}3.${last}`),
]);
const EC = "1.2.840.10045.2.1";
const DSA = "1.2.840.10040.4.1";

const PRINTABLE_STRING = 0x13;
const UNIVERSAL_STRING = 0x1c;
const BMP_STRING = 0x1e;
/** Kinds of text whose form is looked at in every name; of the others only where a name is read. */
const FORMED: readonly number[] = [PRINTABLE_STRING, UNIVERSAL_STRING, BMP_STRING];

const known = new WeakMap<Uint8Array, X509>();
const links = new WeakMap<X509, WeakMap<X509, Promise<boolean>>>();

/** Read a certificate, the same bytes once; raises `FormatError`. */
export function readX509(data: Uint8Array): X509 {
  const found = known.get(data) ?? read(data);
  known.set(data, found);
  return found;
}

function read(data: Uint8Array): X509 {
  const outer = der.open(data);
  const tbs = outer.next(der.SEQUENCE);
  const outerAlgorithm = checkedAlgorithm(outer.next(der.SEQUENCE));
  const signature = der.bits(der.only(outer, der.BIT_STRING).content).data;
  return { ...readTbs(new der.Parts(tbs.content)), tbs: tbs.whole, outerAlgorithm, signature };
}

function readTbs(parts: der.Parts): Omit<X509, "tbs" | "outerAlgorithm" | "signature"> {
  const version = parts.optional(0xa0);
  // Only the third version has extensions; the second was never used, and the first is the default.
  if (version && small(der.only(new der.Parts(version.content), der.INTEGER), 8) !== 2) {
    throw new FormatError("a certificate of a version that is not known");
  }
  der.number(parts.next(der.INTEGER).content);
  const algorithm = checkedAlgorithm(parts.next(der.SEQUENCE));
  const issuer = checkedName(parts.next(der.SEQUENCE));
  const validity = parts.into();
  const [notBefore, notAfter] = [der.time(validity.next()), der.time(der.only(validity))];
  const subject = checkedName(parts.next(der.SEQUENCE));
  const key = parts.next(der.SEQUENCE);
  const fields = new der.Parts(key.content);
  checkedAlgorithm(fields.next(der.SEQUENCE));
  der.bits(der.only(fields, der.BIT_STRING).content);
  for (const found of [parts.optional(0x81), parts.optional(0x82)]) if (found) der.bits(found.content);
  const wrapped = parts.optional(0xa3);
  parts.end();
  const extensions = wrapped ? der.open(wrapped.content).rest(der.SEQUENCE).map(readExtension) : [];
  return { algorithm, issuer, subject, notBefore, notAfter, key: key.whole, extensions };
}

/** Check the form of a name; what its values say is read where it is asked for. */
function checkedName(name: der.Value): der.Value {
  for (const step of new der.Parts(name.content).rest(der.SET)) {
    const members = new der.Parts(step.content).rest(der.SEQUENCE);
    der.wantOrdered(members);
    for (const { content } of members) {
      const parts = new der.Parts(content);
      der.dotted(parts.next(der.OID).content);
      if (FORMED.includes(der.only(parts).tag)) readName(nameOf(content));
    }
  }
  return name;
}

/** Return a name that has one attribute alone. */
function nameOf(attribute: Uint8Array): der.Value {
  const [content, whole] = [new Uint8Array(0), der.sequence(der.setOf(der.sequence(attribute)))];
  return { tag: der.SEQUENCE, content, whole };
}

/** Read an AlgorithmIdentifier for its form, and return it whole. */
function checkedAlgorithm(value: der.Value): Uint8Array {
  const parts = new der.Parts(value.content);
  const type = der.dotted(parts.next(der.OID).content);
  if (parts.empty) {
    if (type === EC || type === DSA) throw new FormatError("an algorithm without the parameters that it has");
    return value.whole;
  }
  const parameters = der.only(parts);
  const empty = parameters.tag === der.NULL && parameters.content.length === 0;
  if (type === EC) {
    if (parameters.tag === der.OID) der.dotted(parameters.content);
    else if (parameters.tag !== der.SEQUENCE && !empty) throw otherParameters();
  } else if (type === PSS) {
    pss(parameters);
  } else if (type === DSA) {
    const numbers = der.open(parameters.whole).rest(der.INTEGER).map(({ content }) => der.number(content));
    if (numbers.length !== 3 || numbers.some((number) => number < 0n)) throw otherParameters();
  } else if (NONE.has(type) || (NULL_OR_NONE.has(type) && !empty)) {
    throw otherParameters();
  }
  return value.whole;
}

function otherParameters(): FormatError {
  return new FormatError("an algorithm with parameters that it has not");
}

/** The parameters of RSASSA-PSS (RFC 4055, 3.1). */
interface PssParameters {
  readonly hash: string;
  readonly maskWay: string;
  readonly mask: string;
  readonly saltBytes: number;
}

function pss(value: der.Value): PssParameters {
  const parts = der.open(value.whole);
  const [hash, mask, salt, trailer] = [0xa0, 0xa1, 0xa2, 0xa3].map((tag) => parts.optional(tag)?.content);
  parts.end();
  if (trailer) small(der.only(new der.Parts(trailer), der.INTEGER), 8);
  const saltBytes = salt ? small(der.only(new der.Parts(salt), der.INTEGER), 16) : SALT;
  if (salt && saltBytes === SALT) throw new FormatError("a default value is written");
  return { hash: hash ? hashOf(der.only(new der.Parts(hash), der.SEQUENCE)) : SHA1, ...maskOf(mask), saltBytes };
}

function maskOf(mask: Uint8Array | undefined): { readonly maskWay: string; readonly mask: string } {
  if (mask === undefined) return { maskWay: MGF1, mask: SHA1 };
  const fields = der.open(mask);
  const maskWay = der.dotted(fields.next(der.OID).content);
  return { maskWay, mask: hashOf(der.only(fields, der.SEQUENCE)) };
}

function hashOf(algorithm: der.Value): string {
  checkedAlgorithm(algorithm);
  return der.dotted(new der.Parts(algorithm.content).next(der.OID).content);
}

/** Return an INTEGER of at most *bits* bits that is not negative; raises `FormatError`. */
function small(value: der.Value, bits: number): number {
  const found = der.number(value.content);
  if (found < 0n || found >= 1n << BigInt(bits)) throw new FormatError("a number that is too large");
  return Number(found);
}

/** Return how a certificate says that it is signed; raises `FormatError` for a way that is not known. */
function howSigned(algorithm: Uint8Array): How {
  const parts = der.open(algorithm);
  const type = der.dotted(parts.next(der.OID).content);
  const how = SIGNATURES.get(type);
  if (how !== undefined) return how;
  if (type !== PSS || parts.empty) throw new FormatError(`a certificate is signed in the unknown way ${type}`);
  const { hash, maskWay, mask, saltBytes } = pss(parts.next(der.SEQUENCE));
  if (maskWay !== MGF1 || !isHashId(hash) || !isHashId(mask)) {
    throw new FormatError("a certificate is signed in an unknown way");
  }
  return { way: "pss", hash, mask, saltBytes };
}

/**
 * Return whether *issuer* signed *certificate*, and both say so; a way or a key that is not known never did. Of two
 * certificates this is found out once: many connections have the same.
 */
export function isIssuedBy(certificate: X509, issuer: X509): Promise<boolean> {
  const below = links.get(certificate) ?? new WeakMap<X509, Promise<boolean>>();
  links.set(certificate, below);
  const found = below.get(issuer) ?? verified(certificate, issuer);
  below.set(issuer, found);
  return found;
}

async function verified(certificate: X509, issuer: X509): Promise<boolean> {
  if (!equal(certificate.algorithm, certificate.outerAlgorithm)) return false;
  if (!equal(certificate.issuer.whole, issuer.subject.whole)) return false;
  try {
    const how = howSigned(certificate.algorithm);
    return await isSignedBy(readKey(issuer.key), how, certificate.signature, certificate.tbs);
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}
