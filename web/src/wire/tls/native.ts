/** What the browser itself can verify, many times faster than anything written in its language. */

import { type Bytes, base64 } from "../../bytes.js";
import * as der from "../../trust/der.js";
import { type HashId, SHA256, SHA384, SHA512 } from "./hashes.js";
import type { RsaKey } from "./rsa.js";

const HASHES: ReadonlyMap<HashId, string> = new Map([
  [SHA256, "SHA-256"],
  [SHA384, "SHA-384"],
  [SHA512, "SHA-512"],
]);

/** Names by the identifier of the curve. */
const CURVES: ReadonlyMap<string, string> = new Map([
  ["1.2.840.10045.3.1.7", "P-256"],
  ["1.3.132.0.34", "P-384"],
  ["1.3.132.0.35", "P-521"],
]);

/** A point that is written with both coordinates; what is written otherwise not every browser reads. */
const WHOLE_POINT = 4;

/**
 * Return whether *signature* (r and s, each as many bytes as a coordinate) holds; undefined if the browser cannot say.
 */
export async function ecdsa(
  curve: string,
  point: Uint8Array,
  hash: HashId,
  signature: Bytes,
  data: Uint8Array,
): Promise<boolean | undefined> {
  const namedCurve = CURVES.get(curve);
  const name = HASHES.get(hash);
  if (namedCurve === undefined || name === undefined || point[0] !== WHOLE_POINT) return undefined;
  const algorithm = { name: "ECDSA", namedCurve, hash: name };
  const key = () => crypto.subtle.importKey("raw", point.slice(), algorithm, false, ["verify"]);
  return verified(key, algorithm, signature, data);
}

/**
 * Return whether an RSA *signature* holds, of PKCS#1 v1.5 or, with a salt, of PSS; undefined if the browser cannot
 * say.
 */
export async function rsa(
  { modulus, exponent }: RsaKey,
  hash: HashId,
  saltLength: number | undefined,
  signature: Uint8Array,
  data: Uint8Array,
): Promise<boolean | undefined> {
  const name = HASHES.get(hash);
  if (name === undefined) return undefined;
  const jwk = { kty: "RSA", n: base64url(modulus), e: base64url(exponent) };
  const way = saltLength === undefined ? { name: "RSASSA-PKCS1-v1_5" } : { name: "RSA-PSS", saltLength };
  const key = () => crypto.subtle.importKey("jwk", jwk, { name: way.name, hash: name }, false, ["verify"]);
  return verified(key, way, signature.slice(), data);
}

async function verified(
  key: () => Promise<CryptoKey>,
  algorithm: AlgorithmIdentifier | EcdsaParams | RsaPssParams,
  signature: Bytes,
  data: Uint8Array,
): Promise<boolean | undefined> {
  try {
    return await crypto.subtle.verify(algorithm, await key(), signature, data.slice());
  } catch (error) {
    // A key that this browser does not take: another may, and so it has to be found out otherwise.
    if (error instanceof DOMException) return undefined;
    throw error;
  }
}

function base64url(number: bigint): string {
  const size = Math.ceil(number.toString(16).length / 2);
  return base64(der.fixed(number, size)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
