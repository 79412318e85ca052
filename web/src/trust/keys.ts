/** Public keys of certificates, and the signatures that they check: ECDSA, RSA (PKCS#1 v1.5 and PSS) and Ed25519. */

import { type Bytes, base64, compare, concat, unhex } from "../bytes.js";
import { FormatError } from "../errors.js";
import * as der from "./der.js";

export type Hash = "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512";
export type Curve = "P-256" | "P-384" | "P-521";

/** How a signature is made. */
export interface Scheme {
  readonly kind: "ecdsa" | "pkcs1" | "pss" | "ed25519";
  readonly hash: Hash;
}

export type PublicKey =
  | { readonly kind: "ec"; readonly curve: Curve; readonly point: Bytes; readonly imported: Imported }
  | { readonly kind: "rsa"; readonly bits: number; readonly n: Bytes; readonly e: Bytes; readonly imported: Imported }
  | { readonly kind: "ed25519"; readonly point: Bytes; readonly imported: Imported };

/** Keys of the browser by scheme, each imported once. */
type Imported = Map<string, Promise<CryptoKey>>;

const BYTES: { readonly [curve: string]: number } = { "P-256": 32, "P-384": 48, "P-521": 66 };
/** Half the orders of the groups (NIST SP 800-186, 3.2.1), rounded down. */
const HALVES: { readonly [curve: string]: Uint8Array } = {
  "P-256": unhex("7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8"),
  "P-384": unhex("7fffffffffffffffffffffffffffffffffffffffffffffffe3b1a6c0fa1b96efac0d06d9245853bd76760cb5666294b9"),
};
const SALT: { readonly [hash: string]: number } = { "SHA-256": 32, "SHA-384": 48, "SHA-512": 64 };
/** The prime and the constant b of each curve y² = x³ − 3x + b (NIST SP 800-186, 3.2.1). */
const EQUATIONS: { readonly [curve: string]: readonly [p: bigint, b: bigint] } = {
  "P-256": [
    2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  ],
  "P-384": [
    2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  ],
  "P-521": [
    2n ** 521n - 1n,
    (0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e1n << 256n) |
      0x56193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
  ],
};
const CURVES = new Map<string, Curve>([
  ["1.2.840.10045.3.1.7", "P-256"],
  ["1.3.132.0.34", "P-384"],
  ["1.3.132.0.35", "P-521"],
]);
const RSA = "1.2.840.113549.1.1.1";
const EC = "1.2.840.10045.2.1";
const ED25519 = "1.3.101.112";

/** Read a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7); raises `FormatError`, also for kinds that are not known here. */
export function readKey(spki: Uint8Array): PublicKey {
  const parts = der.open(spki);
  const algorithm = parts.into();
  const kind = der.dotted(algorithm.next(der.OID).content);
  const parameters = algorithm.empty ? undefined : der.only(algorithm);
  const { content } = der.only(parts, der.BIT_STRING);
  if (content[0] !== 0) throw new FormatError("a key that is not made of bytes");
  const key = content.slice(1);
  const imported: Imported = new Map();
  if (kind === RSA && (parameters === undefined || parameters.tag === der.NULL)) return { ...rsa(key), imported };
  if (kind === EC && parameters?.tag === der.OID) {
    const curve = CURVES.get(der.dotted(parameters.content));
    if (curve === undefined) throw new FormatError("a key on a curve that is not known");
    return { kind: "ec", curve, point: readPoint(curve, key), imported };
  }
  if (kind === ED25519 && !parameters && key.length === 32) return { kind: "ed25519", point: key, imported };
  throw new FormatError("a key of a kind that is not known");
}

/** Return a point of the curve as 4, x and y, however it was written (SEC 1, 2.3.4); raises `FormatError`. */
function readPoint(curve: Curve, data: Uint8Array): Bytes {
  const size = BYTES[curve] as number;
  const [p, b] = EQUATIONS[curve] as readonly [bigint, bigint];
  const form = data[0] as number;
  const short = form === 2 || form === 3;
  const long = form === 4 || form === 6 || form === 7;
  const length = short ? 1 + size : 1 + 2 * size;
  if (!(short || long) || data.length !== length) throw new FormatError("not a point");
  const x = der.unsigned(data.subarray(1, 1 + size));
  const square = (((x * x - 3n) * x + b) % p + p) % p;
  const root = short ? power(square, (p + 1n) / 4n, p) : der.unsigned(data.subarray(1 + size));
  const odd = BigInt(form & 1);
  const y = short && root % 2n !== odd ? p - root : root;
  if (x >= p || y >= p || (y * y - square) % p !== 0n || (form !== 4 && y % 2n !== odd)) {
    throw new FormatError("not a point of its curve");
  }
  return concat(new Uint8Array([4]), der.fixed(x, size), der.fixed(y, size));
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let found = 1n;
  for (const bit of exponent.toString(2)) {
    found = (found * found) % modulus;
    if (bit === "1") found = (found * base) % modulus;
  }
  return found;
}

function rsa(key: Uint8Array): { kind: "rsa"; bits: number; n: Bytes; e: Bytes } {
  const parts = der.open(key);
  const n = der.number(parts.next(der.INTEGER).content);
  const e = der.number(der.only(parts, der.INTEGER).content);
  if (e < 3n || e % 2n === 0n || e >= n) throw new FormatError("not an RSA key");
  const size = (value: bigint) => Math.ceil(value.toString(16).length / 2);
  const whole = der.fixed(n, size(n));
  const bits = 8 * whole.length - Math.clz32(whole[0] as number) + 24;
  return { kind: "rsa", bits, n: whole, e: der.fixed(e, size(e)) };
}

/** Return whether *signature*, as X.509 and CMS write it, was made over *data* with *key*. */
export async function verifySignature(
  key: PublicKey,
  scheme: Scheme,
  data: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const value = valueOf(key, scheme, signature);
  if (value === undefined) return false;
  try {
    const usable = await imported(key, scheme);
    return await crypto.subtle.verify(parametersOf(scheme), usable, value, own(data));
  } catch (error) {
    if (error instanceof DOMException) return false; // a key that is none: a point off its curve
    throw error;
  }
}

/** Return r and s of an ECDSA signature in DER (RFC 3279, 2.2.3), each as *size* bytes; undefined when it is none. */
export function readEcdsa(signature: Uint8Array, size: number): Bytes | undefined {
  const found = new Uint8Array(2 * size);
  try {
    const parts = der.open(signature);
    const r = magnitude(parts.next(der.INTEGER).content);
    const s = magnitude(der.only(parts, der.INTEGER).content);
    if (r.length > size || s.length > size) return undefined;
    found.set(r, size - r.length);
    found.set(s, 2 * size - s.length);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
  return found;
}

/** Return the bytes of a positive INTEGER in its shortest form, without the zero that its sign may need. */
function magnitude(content: Uint8Array): Uint8Array {
  const [first, second] = content;
  if (first === undefined || first >= 0x80) throw new FormatError("not a positive number");
  if (first > 0) return content;
  if (second === undefined || second < 0x80) throw new FormatError("not a positive number in its shortest form");
  return content.subarray(1);
}

/** Whether *signature* is the one of two equally valid ECDSA signatures that has the smaller s. */
export function isLow(curve: Curve, signature: Uint8Array): boolean {
  const size = BYTES[curve] as number;
  const value = readEcdsa(signature, size);
  const half = HALVES[curve];
  return value !== undefined && half !== undefined && compare(value.subarray(size), half) <= 0;
}

/** Return the digest of *data*. */
export async function digest(hash: Hash, data: Uint8Array): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest(hash, own(data)));
}

/** Return the signature in the form of the browser; undefined when it cannot be one by *key*. */
function valueOf(key: PublicKey, scheme: Scheme, signature: Uint8Array): Bytes | undefined {
  if (key.kind === "ec" && scheme.kind === "ecdsa") {
    return readEcdsa(signature, BYTES[key.curve] as number);
  }
  const fits = key.kind === "rsa" ? scheme.kind === "pkcs1" || scheme.kind === "pss" : key.kind === scheme.kind;
  return fits ? own(signature) : undefined;
}

function imported(key: PublicKey, scheme: Scheme): Promise<CryptoKey> {
  const name = key.kind === "rsa" ? `${scheme.kind} ${scheme.hash}` : key.kind;
  let found = key.imported.get(name);
  if (found === undefined) {
    found = importKey(key, scheme);
    key.imported.set(name, found);
  }
  return found;
}

function importKey(key: PublicKey, scheme: Scheme): Promise<CryptoKey> {
  if (key.kind === "ec") {
    return crypto.subtle.importKey("raw", key.point, { name: "ECDSA", namedCurve: key.curve }, false, ["verify"]);
  }
  if (key.kind === "ed25519") return crypto.subtle.importKey("raw", key.point, { name: "Ed25519" }, false, ["verify"]);
  const jwk = { kty: "RSA", n: base64url(key.n), e: base64url(key.e) };
  const name = scheme.kind === "pss" ? "RSA-PSS" : "RSASSA-PKCS1-v1_5";
  return crypto.subtle.importKey("jwk", jwk, { name, hash: scheme.hash }, false, ["verify"]);
}

function parametersOf(scheme: Scheme): AlgorithmIdentifier | EcdsaParams | RsaPssParams {
  if (scheme.kind === "ecdsa") return { name: "ECDSA", hash: scheme.hash };
  if (scheme.kind === "pss") return { name: "RSA-PSS", saltLength: SALT[scheme.hash] as number };
  return { name: scheme.kind === "pkcs1" ? "RSASSA-PKCS1-v1_5" : "Ed25519" };
}

function base64url(data: Uint8Array): string {
  return base64(data).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Bytes whose buffer is certainly not shared. */
function own(data: Uint8Array): Bytes {
  return data.buffer instanceof ArrayBuffer ? (data as Bytes) : data.slice();
}

const ECDSA_OIDS: readonly (readonly [string, Hash])[] = [
  ["1.2.840.10045.4.3.2", "SHA-256"],
  ["1.2.840.10045.4.3.3", "SHA-384"],
  ["1.2.840.10045.4.3.4", "SHA-512"],
];
const RSA_OIDS: readonly (readonly [string, Hash])[] = [
  ["1.2.840.113549.1.1.5", "SHA-1"],
  ["1.2.840.113549.1.1.11", "SHA-256"],
  ["1.2.840.113549.1.1.12", "SHA-384"],
  ["1.2.840.113549.1.1.13", "SHA-512"],
];
const DIGEST_OIDS: readonly (readonly [string, Hash])[] = [
  ["1.3.14.3.2.26", "SHA-1"],
  ["2.16.840.1.101.3.4.2.1", "SHA-256"],
  ["2.16.840.1.101.3.4.2.2", "SHA-384"],
  ["2.16.840.1.101.3.4.2.3", "SHA-512"],
];

/** Digests by OID. */
export const DIGESTS: ReadonlyMap<string, Hash> = new Map(DIGEST_OIDS);

/** OIDs by digest. */
export const OID_OF: ReadonlyMap<Hash, string> = new Map(DIGEST_OIDS.map(([name, hash]) => [hash, name]));

/** Return the AlgorithmIdentifier (RFC 5754) of a signature. */
export function algorithmOf(kind: "ecdsa" | "pkcs1", hash: Hash): Bytes {
  const [name] = (kind === "ecdsa" ? ECDSA_OIDS : RSA_OIDS).find(([, known]) => known === hash) as [string, Hash];
  return kind === "ecdsa" ? der.sequence(der.oid(name)) : der.sequence(der.oid(name), der.NOTHING);
}

/** Return the AlgorithmIdentifier of RSA-PSS with salt as long as the digest (RFC 4055, 3.1). */
function pssAlgorithm(hash: Hash): Bytes {
  const digestAlgorithm = der.sequence(der.oid(OID_OF.get(hash) as string), der.NOTHING);
  const mask = der.sequence(der.oid("1.2.840.113549.1.1.8"), digestAlgorithm);
  const salt = der.integer(SALT[hash] as number);
  const parameters = der.sequence(der.tlv(0xa0, digestAlgorithm), der.tlv(0xa1, mask), der.tlv(0xa2, salt));
  return der.sequence(der.oid("1.2.840.113549.1.1.10"), parameters);
}

const SCHEMES = new Map<string, Scheme>();
for (const [, hash] of ECDSA_OIDS) SCHEMES.set(der.ascii(algorithmOf("ecdsa", hash)), { kind: "ecdsa", hash });
for (const [name, hash] of RSA_OIDS) {
  SCHEMES.set(der.ascii(algorithmOf("pkcs1", hash)), { kind: "pkcs1", hash });
  SCHEMES.set(der.ascii(der.sequence(der.oid(name))), { kind: "pkcs1", hash });
  if (hash !== "SHA-1") SCHEMES.set(der.ascii(pssAlgorithm(hash)), { kind: "pss", hash });
}
SCHEMES.set(der.ascii(der.sequence(der.oid(ED25519))), { kind: "ed25519", hash: "SHA-512" });

/** Return how a signature with this AlgorithmIdentifier is made; undefined for kinds that are not known here. */
export function schemeOf(algorithm: Uint8Array): Scheme | undefined {
  return SCHEMES.get(der.ascii(algorithm));
}

/** Return whether a path may contain such a signature: with SHA-2, its parameters complete. */
export function isModern(algorithm: Uint8Array): boolean {
  const scheme = schemeOf(algorithm);
  if (scheme === undefined || scheme.kind === "ed25519" || scheme.hash === "SHA-1") return false;
  return scheme.kind !== "pkcs1" || der.ascii(algorithm).endsWith("\x05\x00");
}
