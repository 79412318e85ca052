/** Public keys of servers and their authorities (RFC 5280, 4.1.2.7), and whether a signature is theirs. */

import { weierstrass, ecdsa, type ECDSA } from "@noble/curves/abstract/weierstrass.js";
import { ed25519 } from "@noble/curves/ed25519.js";
import { ed448 } from "@noble/curves/ed448.js";
import { brainpoolP256r1, brainpoolP384r1, brainpoolP512r1 } from "@noble/curves/misc.js";
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ml_dsa44, ml_dsa65, ml_dsa87 } from "@noble/post-quantum/ml-dsa.js";

import { type Bytes, concat } from "../../bytes.js";
import { FormatError } from "../../errors.js";
import * as der from "../../trust/der.js";
import { type DsaKey, isDsa } from "./dsa.js";
import { HASHES, type HashId } from "./hashes.js";
import * as native from "./native.js";
import { isPkcs1, isPss, type RsaKey } from "./rsa.js";

/** A public key of one of the kinds whose signatures are known. */
export type PublicKey =
  | { readonly kind: "rsa"; readonly rsa: RsaKey }
  | { readonly kind: "dsa"; readonly dsa: DsaKey }
  | { readonly kind: "ec"; readonly curve: string; readonly point: Uint8Array }
  | { readonly kind: PlainKind; readonly bytes: Uint8Array }
  | { readonly kind: "other" };

/** The kinds of keys that sign data as it is. */
export type PlainKind = "ed25519" | "ed448" | "mldsa44" | "mldsa65" | "mldsa87";

/** How something was signed. */
export type How =
  | { readonly way: "pkcs1" | "ecdsa" | "dsa"; readonly hash: HashId }
  | { readonly way: "pss"; readonly hash: HashId; readonly mask: HashId; readonly saltBytes: number }
  | { readonly way: PlainKind };

const RSA: readonly string[] = ["1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10"];
const EC = "1.2.840.10045.2.1";
const DSA = "1.2.840.10040.4.1";

const PLAIN: ReadonlyMap<string, PlainKind> = new Map([
  ["1.3.101.112", "ed25519"],
  ["1.3.101.113", "ed448"],
  ["2.16.840.1.101.3.4.3.17", "mldsa44"],
  ["2.16.840.1.101.3.4.3.18", "mldsa65"],
  ["2.16.840.1.101.3.4.3.19", "mldsa87"],
]);

const SIZES: { readonly [kind in PlainKind]: number } = {
  ed25519: 32,
  ed448: 57,
  mldsa44: 1312,
  mldsa65: 1952,
  mldsa87: 2592,
};

/** The curves of FIPS 186 that the library leaves out. */
const P192 = {
  p: 0xfffffffffffffffffffffffffffffffeffffffffffffffffn,
  n: 0xffffffffffffffffffffffff99def836146bc9b1b4d22831n,
  h: 1n,
  a: 0xfffffffffffffffffffffffffffffffefffffffffffffffcn,
  b: 0x64210519e59c80e70fa7e9ab72243049feb8deecc146b9b1n,
  Gx: 0x188da80eb03090f67cbf20eb43a18800f4ff0afd82ff1012n,
  Gy: 0x07192b95ffc8da78631011ed6b24cdd573f977a11e794811n,
};
const P224 = {
  p: 0xffffffffffffffffffffffffffffffff000000000000000000000001n,
  n: 0xffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3dn,
  h: 1n,
  a: 0xfffffffffffffffffffffffffffffffefffffffffffffffffffffffen,
  b: 0xb4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4n,
  Gx: 0xb70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21n,
  Gy: 0xbd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34n,
};

interface Curve {
  readonly name: string;
  readonly make: () => ECDSA;
}

const CURVES: ReadonlyMap<string, Curve> = new Map([
  ["1.2.840.10045.3.1.1", { name: "secp192r1", make: () => ecdsa(weierstrass(P192), sha256) }],
  ["1.3.132.0.33", { name: "secp224r1", make: () => ecdsa(weierstrass(P224), sha256) }],
  ["1.2.840.10045.3.1.7", { name: "secp256r1", make: () => p256 }],
  ["1.3.132.0.34", { name: "secp384r1", make: () => p384 }],
  ["1.3.132.0.35", { name: "secp521r1", make: () => p521 }],
  ["1.3.132.0.10", { name: "secp256k1", make: () => secp256k1 }],
  ["1.3.36.3.3.2.8.1.1.7", { name: "brainpoolP256r1", make: () => brainpoolP256r1 }],
  ["1.3.36.3.3.2.8.1.1.11", { name: "brainpoolP384r1", make: () => brainpoolP384r1 }],
  ["1.3.36.3.3.2.8.1.1.13", { name: "brainpoolP512r1", make: () => brainpoolP512r1 }],
]);

const made = new Map<string, ECDSA>();

/** Read a SubjectPublicKeyInfo; raises `FormatError` when there is no key in it. */
export function readKey(info: Uint8Array): PublicKey {
  const fields = der.open(info);
  const first = fields.next();
  // Some take a bare RSA key (RFC 8017, A.1.1) for one, too.
  if (first.tag === der.INTEGER) return readRsa(info);
  if (first.tag !== der.SEQUENCE) throw new FormatError("a public key names no algorithm");
  const algorithm = new der.Parts(first.content);
  const identifier = der.dotted(algorithm.next(der.OID).content);
  const { content } = der.only(fields, der.BIT_STRING);
  const key = der.bits(content).data;
  if (content[0] !== 0) throw new FormatError("a public key is no whole number of bytes");
  if (RSA.includes(identifier)) return readRsa(key);
  if (identifier === EC) return readPoint(der.dotted(algorithm.next(der.OID).content), key);
  if (identifier === DSA && !algorithm.empty) return readDsa(algorithm.into(), key);
  const kind = PLAIN.get(identifier);
  if (kind === undefined) return { kind: "other" };
  algorithm.end();
  if (key.length !== SIZES[kind]) throw new FormatError(`an ${kind} key has ${key.length} bytes`);
  return { kind, bytes: key };
}

function readRsa(data: Uint8Array): PublicKey {
  const numbers = der.open(data);
  const modulus = der.number(numbers.next(der.INTEGER).content);
  const exponent = der.number(der.only(numbers, der.INTEGER).content);
  if (exponent < 3n || exponent >= modulus || exponent % 2n === 0n) throw new FormatError("an RSA key is none");
  return { kind: "rsa", rsa: { modulus, exponent } };
}

function readDsa(parameters: der.Parts, data: Uint8Array): PublicKey {
  const [p = 0n, q = 0n, g = 0n] = parameters.rest(der.INTEGER).map(({ content }) => der.number(content));
  const y = der.number(der.only(new der.Parts(data), der.INTEGER).content);
  return { kind: "dsa", dsa: { p, q, g, y } };
}

function readPoint(identifier: string, point: Uint8Array): PublicKey {
  const curve = CURVES.get(identifier)?.name;
  if (curve === undefined) throw new FormatError(`a key lies on the unknown curve ${identifier}`);
  return { kind: "ec", curve: identifier, point };
}

/** Return the name of the curve of *key*, as TLS has it; null for another kind of key. */
export function curveOf(key: PublicKey): string | null {
  return key.kind === "ec" ? (CURVES.get(key.curve)?.name ?? null) : null;
}

/** Return whether *key* is of the kind that signs so; raises nothing. */
export function fits(key: PublicKey, how: How): boolean {
  const kind = how.way === "pkcs1" || how.way === "pss" ? "rsa" : how.way === "ecdsa" ? "ec" : how.way;
  return key.kind === kind;
}

/** Return whether *signature* over *data* is one of *key*; a key of another kind has none. */
export async function isSignedBy(key: PublicKey, how: How, signature: Uint8Array, data: Uint8Array): Promise<boolean> {
  if (key.kind === "rsa") return isRsa(key.rsa, how, signature, data);
  if (key.kind === "dsa") return how.way === "dsa" && isDsa(key.dsa, how.hash, signature, data);
  if (key.kind === "ec") return how.way === "ecdsa" && isEcdsa(key.curve, key.point, how.hash, signature, data);
  return key.kind !== "other" && fits(key, how) && isPlain(key.kind, key.bytes, signature, data);
}

async function isRsa(key: RsaKey, how: How, signature: Uint8Array, data: Uint8Array): Promise<boolean> {
  if (how.way === "pkcs1") {
    const known = await native.rsa(key, how.hash, undefined, signature, data);
    return known ?? isPkcs1(key, how.hash, signature, data);
  }
  if (how.way !== "pss") return false;
  const { hash, mask, saltBytes } = how;
  const known = hash === mask ? await native.rsa(key, hash, saltBytes, signature, data) : undefined;
  return known ?? isPss(key, hash, mask, saltBytes, signature, data);
}

async function isEcdsa(
  identifier: string,
  point: Uint8Array,
  hash: HashId,
  signature: Uint8Array,
  data: Uint8Array,
): Promise<boolean> {
  const curve = made.get(identifier) ?? (CURVES.get(identifier) as Curve).make();
  made.set(identifier, curve);
  const compact = compactOf(signature, curve.Point.Fn.BYTES);
  if (compact === undefined) return false;
  const known = await native.ecdsa(identifier, point, hash, compact, data);
  if (known !== undefined) return known;
  try {
    return curve.verify(compact, HASHES[hash](data), point, { prehash: false, lowS: false, format: "compact" });
  } catch (error) {
    // Numbers out of range, or a point that is not on the curve: nothing that could have signed.
    if (error instanceof Error) return false;
    throw error;
  }
}

/** Return r and s of a signature in DER, each of *size* bytes; undefined when they are not such numbers. */
function compactOf(signature: Uint8Array, size: number): Bytes | undefined {
  try {
    const numbers = der.open(signature);
    const r = der.number(numbers.next(der.INTEGER).content);
    const s = der.number(der.only(numbers, der.INTEGER).content);
    return concat(der.fixed(r, size), der.fixed(s, size));
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

function isPlain(kind: PlainKind, key: Uint8Array, signature: Uint8Array, data: Uint8Array): boolean {
  try {
    switch (kind) {
      case "ed25519":
        // RFC 8032, 5.1.7, as everybody but the most lenient has it.
        return ed25519.verify(signature, data, key, { zip215: false });
      case "ed448":
        return ed448.verify(signature, data, key);
      case "mldsa44":
        return ml_dsa44.verify(signature, data, key);
      case "mldsa65":
        return ml_dsa65.verify(signature, data, key);
      case "mldsa87":
        return ml_dsa87.verify(signature, data, key);
    }
  } catch (error) {
    // A signature of another length, or a key that is no point.
    if (error instanceof Error) return false;
    throw error;
  }
}
