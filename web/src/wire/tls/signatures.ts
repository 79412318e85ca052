/**
 * The server's signature over the handshake: RFC 8446, 4.2.3 and 4.4.3; RFC 5246, 7.4.3; and ML-DSA.
 *
 * Only what is listed is known. SHA-1 is not: no browser accepts it any more.
 */

import type { Bytes } from "../../bytes.js";
import { FormatError } from "../../errors.js";
import { Fields } from "./fields.js";
import { type HashId, SHA256, SHA384, SHA512 } from "./hashes.js";
import { curveOf, fits, type How, isSignedBy, type PlainKind, type PublicKey, readKey } from "./keys.js";
import { hexNumber, type Version } from "./suites.js";

/** One signature scheme. */
interface Scheme {
  /** IANA's name. */
  readonly name: string;
  readonly how: How;
  /** The one version that has it; null for both. */
  readonly version: Version | null;
}

const SALTS: ReadonlyMap<HashId, number> = new Map([
  [SHA256, 32],
  [SHA384, 48],
  [SHA512, 64],
]);

function pkcs1(name: string, hash: HashId): Scheme {
  return { name, how: { way: "pkcs1", hash }, version: "tls/1.2" };
}

function ecdsa(name: string, hash: HashId): Scheme {
  return { name, how: { way: "ecdsa", hash }, version: null };
}

function pss(name: string, hash: HashId): Scheme {
  return { name, how: { way: "pss", hash, mask: hash, saltBytes: SALTS.get(hash) as number }, version: null };
}

function plain(name: PlainKind, version: Version | null): Scheme {
  return { name, how: { way: name }, version };
}

const SCHEMES: ReadonlyMap<number, Scheme> = new Map([
  [0x0401, pkcs1("rsa_pkcs1_sha256", SHA256)],
  [0x0501, pkcs1("rsa_pkcs1_sha384", SHA384)],
  [0x0601, pkcs1("rsa_pkcs1_sha512", SHA512)],
  [0x0403, ecdsa("ecdsa_secp256r1_sha256", SHA256)],
  [0x0503, ecdsa("ecdsa_secp384r1_sha384", SHA384)],
  [0x0603, ecdsa("ecdsa_secp521r1_sha512", SHA512)],
  [0x0804, pss("rsa_pss_rsae_sha256", SHA256)],
  [0x0805, pss("rsa_pss_rsae_sha384", SHA384)],
  [0x0806, pss("rsa_pss_rsae_sha512", SHA512)],
  [0x0807, plain("ed25519", null)],
  [0x0808, plain("ed448", null)],
  [0x0809, pss("rsa_pss_pss_sha256", SHA256)],
  [0x080a, pss("rsa_pss_pss_sha384", SHA384)],
  [0x080b, pss("rsa_pss_pss_sha512", SHA512)],
  [0x0904, plain("mldsa44", "tls/1.3")],
  [0x0905, plain("mldsa65", "tls/1.3")],
  [0x0906, plain("mldsa87", "tls/1.3")],
]);

/** In TLS 1.3 the scheme names the curve of the key, too. */
const CURVES: ReadonlyMap<number, string> = new Map([
  [0x0403, "secp256r1"],
  [0x0503, "secp384r1"],
  [0x0603, "secp521r1"],
]);

const VERSION = 0xa0;
const LONG = 0x80;
/** Serial number, algorithm, issuer, validity and subject. */
const BEFORE_KEY = 5;

/** A signature, and what it is over. */
export interface Signed {
  readonly scheme: number;
  readonly signature: Bytes;
  readonly data: Bytes;
}

/** Return the scheme's name; raises `FormatError` for one that is unknown or that *version* does not allow. */
export function schemeName(number: number, version: Version): string {
  return schemeOf(number, version).name;
}

function schemeOf(number: number, version: Version): Scheme {
  const scheme = SCHEMES.get(number);
  if (scheme === undefined || (scheme.version !== null && scheme.version !== version)) {
    throw new FormatError(`the signature scheme 0x${hexNumber(number)} is not known for ${version}`);
  }
  return scheme;
}

/**
 * Return whether the signature is that of the DER *certificate*'s key. Raises `FormatError` when that cannot be known:
 * the scheme is unknown, the certificate unreadable, or its key of another kind than the scheme says.
 */
export async function isSigned(signed: Signed, version: Version, certificate: Bytes): Promise<boolean> {
  const { name, how } = schemeOf(signed.scheme, version);
  const key = keyOf(certificate);
  const curve = curveOf(key);
  const named = curve === null || (CURVES.get(signed.scheme) ?? curve) === curve || version === "tls/1.2";
  if (!named || !fits(key, how)) {
    throw new FormatError(`the key of the server's certificate is of another kind than ${name}`);
  }
  return isSignedBy(key, how, signed.signature, signed.data);
}

function keyOf(certificate: Bytes): PublicKey {
  const info = subjectKey(certificate);
  try {
    return readKey(info);
  } catch (error) {
    throw error instanceof FormatError ? new FormatError("the key of the server's certificate cannot be read") : error;
  }
}

/**
 * Return the SubjectPublicKeyInfo (RFC 5280, 4.1). The rest of the certificate is not parsed: its flaws are another
 * check's business, and hide no signature here.
 */
function subjectKey(certificate: Bytes): Bytes {
  const tbs = valueAt(valueAt(certificate, 0).content, 0).content;
  const first = valueAt(tbs, 0);
  let at = first.tag === VERSION ? first.end : 0;
  for (let passed = 0; passed < BEFORE_KEY; passed++) at = valueAt(tbs, at).end;
  return tbs.subarray(at, valueAt(tbs, at).end);
}

/** Return tag, content and end of the DER value at *at* (X.690, 8.1); raises `FormatError`. */
function valueAt(data: Bytes, at: number): { readonly tag: number; readonly content: Bytes; readonly end: number } {
  const fields = new Fields(data.subarray(at), "the server's certificate");
  const tag = fields.number(1);
  const first = fields.number(1);
  const content = fields.take(first < LONG ? first : fields.number(first - LONG));
  return { tag, content, end: at + fields.at };
}
