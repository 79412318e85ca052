/** Digests of what signatures cover: a file's beginning, but for the gap in which the signature stands. */

import type { Bytes } from "../bytes.js";
import { passing, Sha256 } from "../digest.js";

/** Returns the SHA-256 of the bytes up to *begin* and of those from *end* up to *coveredEnd*. */
export type DigestOf = (begin: number, end: number, coveredEnd: number) => Promise<Bytes>;

/** Return what hashes beginnings of *file*: asked from the shortest to the longest, it reads hardly anything twice. */
export async function coveredDigests(file: Blob): Promise<DigestOf> {
  let hasher = await Sha256.begin();
  let at = 0;

  return async (begin, end, coveredEnd) => {
    if (begin < at) {
      hasher = await Sha256.begin();
      at = 0;
    }
    await update(hasher, file.slice(at, begin));
    at = begin;
    const own = await hasher.fork();
    await update(own, file.slice(end, coveredEnd));
    return own.end();
  };
}

async function update(hasher: Sha256, part: Blob): Promise<void> {
  for await (const piece of passing(part)) hasher.update(piece);
}
