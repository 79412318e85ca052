/** The hash functions under which certificates and handshakes are signed (FIPS 180-4, FIPS 202). */

import { sha1 } from "@noble/hashes/legacy.js";
import { sha224, sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { sha3_224, sha3_256, sha3_384, sha3_512 } from "@noble/hashes/sha3.js";

import type { Bytes } from "../../bytes.js";
import * as der from "../../trust/der.js";

/** By the object identifiers of the functions themselves. */
const FUNCTIONS = {
  "1.3.14.3.2.26": sha1,
  "2.16.840.1.101.3.4.2.4": sha224,
  "2.16.840.1.101.3.4.2.1": sha256,
  "2.16.840.1.101.3.4.2.2": sha384,
  "2.16.840.1.101.3.4.2.3": sha512,
  "2.16.840.1.101.3.4.2.7": sha3_224,
  "2.16.840.1.101.3.4.2.8": sha3_256,
  "2.16.840.1.101.3.4.2.9": sha3_384,
  "2.16.840.1.101.3.4.2.10": sha3_512,
} as const;

export const SHA1 = "1.3.14.3.2.26";
export const SHA224 = "2.16.840.1.101.3.4.2.4";
export const SHA256 = "2.16.840.1.101.3.4.2.1";
export const SHA384 = "2.16.840.1.101.3.4.2.2";
export const SHA512 = "2.16.840.1.101.3.4.2.3";

/** The object identifier of a hash function. */
export type HashId = keyof typeof FUNCTIONS;

/** Whether *oid* is that of a known hash function. */
export function isHashId(oid: string): oid is HashId {
  return Object.hasOwn(FUNCTIONS, oid);
}

/** The functions by their identifiers. */
export const HASHES = Object.fromEntries(
  Object.entries(FUNCTIONS).map(([oid, hash]) => [oid, (data: Uint8Array) => new Uint8Array(hash(data))]),
) as { readonly [oid in HashId]: (data: Uint8Array) => Bytes };

/** Return the DigestInfo of *data* (RFC 8017, 9.2): the algorithm with NULL, and the digest. */
export function infoOf(hash: HashId, data: Uint8Array): Bytes {
  return der.sequence(der.sequence(der.oid(hash), der.NOTHING), der.octets(HASHES[hash](data)));
}
