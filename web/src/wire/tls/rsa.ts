/** RSA signatures (RFC 8017, 8.1.2 and 8.2.2), verified with public values alone: nothing here is secret. */

import { type Bytes, concat, equal } from "../../bytes.js";
import { fixed, unsigned } from "../../trust/der.js";
import { HASHES, type HashId, infoOf } from "./hashes.js";

/** A public key. */
export interface RsaKey {
  readonly modulus: bigint;
  readonly exponent: bigint;
}

/**
 * Bits of the largest modulus that is computed with, and of the largest exponent of large ones (as OpenSSL has them).
 */
const MOST_BITS = 16_384;
const SMALL_BITS = 3072;
const MOST_EXPONENT_BITS = 64;

/** Return whether *signature* over *data* is a PKCS#1 v1.5 one of *key*. */
export function isPkcs1(key: RsaKey, hash: HashId, signature: Uint8Array, data: Uint8Array): boolean {
  const encoded = recovered(key, signature);
  if (encoded === null) return false;
  const info = infoOf(hash, data);
  const padding = encoded.length - info.length - 3;
  if (padding < 8) return false;
  const expected = concat(new Uint8Array([0, 1]), new Uint8Array(padding).fill(0xff), new Uint8Array(1), info);
  return equal(encoded, expected);
}

/** Return whether *signature* over *data* is a PSS one of *key*, with *mask* for MGF1 and a salt of *saltBytes*. */
export function isPss(
  key: RsaKey,
  hash: HashId,
  mask: HashId,
  saltBytes: number,
  signature: Uint8Array,
  data: Uint8Array,
): boolean {
  const whole = recovered(key, signature);
  if (whole === null) return false;
  const bits = (bitLength(key.modulus) - 1) & 7;
  if (((whole[0] as number) & (0xff << bits)) !== 0) return false;
  const encoded = bits === 0 ? whole.subarray(1) : whole;
  const size = HASHES[hash](new Uint8Array(0)).length;
  const length = encoded.length - size - 1;
  if (length < saltBytes + 1 || encoded[encoded.length - 1] !== 0xbc) return false;
  const block = masked(encoded.subarray(0, length), encoded.subarray(length, length + size), mask);
  if (bits !== 0) block[0] = (block[0] as number) & (0xff >> (8 - bits));
  const start = length - saltBytes - 1;
  if (block[start] !== 1 || block.subarray(0, start).some((byte) => byte !== 0)) return false;
  const message = concat(new Uint8Array(8), HASHES[hash](data), block.subarray(start + 1));
  return equal(HASHES[hash](message), encoded.subarray(length, length + size));
}

/** Return what was signed, as many bytes as the modulus has; null for a signature that cannot be one. */
function recovered(key: RsaKey, signature: Uint8Array): Bytes | null {
  const bits = bitLength(key.modulus);
  const size = Math.ceil(bits / 8);
  const value = unsigned(signature);
  const heavy = bits > MOST_BITS || (bits > SMALL_BITS && bitLength(key.exponent) > MOST_EXPONENT_BITS);
  if (heavy || signature.length !== size || value >= key.modulus) return null;
  return fixed(power(value, key.exponent, key.modulus), size);
}

/** Return *base* to the power of *exponent*, modulo *modulus*. */
export function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let found = 1n;
  for (const bit of exponent.toString(2)) {
    found = (found * found) % modulus;
    if (bit === "1") found = (found * base) % modulus;
  }
  return found;
}

/** Take MGF1 of *seed* (appendix B.2.1) off *data*. */
function masked(data: Bytes, seed: Bytes, hash: HashId): Bytes {
  const found = concat(data);
  const size = HASHES[hash](new Uint8Array(0)).length;
  for (let at = 0, counter = 0; at < found.length; at += size, counter++) {
    const mask = HASHES[hash](concat(seed, new Uint8Array([0, 0, counter >> 8, counter & 0xff])));
    for (let place = at; place < Math.min(at + size, found.length); place++) {
      found[place] = (found[place] as number) ^ (mask[place - at] as number);
    }
  }
  return found;
}

/** Return how many bits a number has. */
export function bitLength(number: bigint): number {
  return number === 0n ? 0 : number.toString(2).length;
}
