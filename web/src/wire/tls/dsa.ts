/** DSA signatures (FIPS 186-4, 4.7), which certificates may still have: verified with public values alone. */

import { FormatError } from "../../errors.js";
import * as der from "../../trust/der.js";
import { HASHES, type HashId } from "./hashes.js";
import { bitLength, power } from "./rsa.js";

/** A public key with its parameters. */
export interface DsaKey {
  readonly p: bigint;
  readonly q: bigint;
  readonly g: bigint;
  readonly y: bigint;
}

/** Bits that the modulus may have, and those of its factor. */
const SIZES: readonly number[] = [1024, 2048, 3072, 4096];
const FACTORS: readonly number[] = [160, 224, 256];

/** Return whether *signature* over *data* is one of *key*. */
export function isDsa({ p, q, g, y }: DsaKey, hash: HashId, signature: Uint8Array, data: Uint8Array): boolean {
  const usable = SIZES.includes(bitLength(p)) && FACTORS.includes(bitLength(q)) && g > 1n && g < p && y > 0n && y < p;
  const [r, s] = numbersOf(signature) ?? [0n, 0n];
  if (!usable || r <= 0n || r >= q || s <= 0n || s >= q) return false;
  const digest = HASHES[hash](data);
  const spare = Math.max(0, 8 * digest.length - bitLength(q));
  const inverse = power(s, q - 2n, q);
  const [one, other] = [((der.unsigned(digest) >> BigInt(spare)) * inverse) % q, (r * inverse) % q];
  return ((power(g, one, p) * power(y, other, p)) % p) % q === r;
}

function numbersOf(signature: Uint8Array): readonly [bigint, bigint] | undefined {
  try {
    const numbers = der.open(signature);
    return [der.number(numbers.next(der.INTEGER).content), der.number(der.only(numbers, der.INTEGER).content)];
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
