/** Files that are small enough to be held: they are read once, and every part of them is at hand. */

import type { Bytes } from "./bytes.js";

/** Bytes of a file that is held as a whole. */
export const LARGEST_HELD = 32 * 1024 * 1024;

/** A file that was read. What takes a file takes it too. */
export class Held extends Blob {
  constructor(readonly data: Bytes) {
    super([]);
  }

  override get size(): number {
    return this.data.length;
  }

  override slice(begin = 0, end = this.data.length): Held {
    return new Held(this.data.subarray(begin, end));
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    return this.data.slice().buffer;
  }
}
