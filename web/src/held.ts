/** Files that are small enough to be held: they are read once, and every part of them is at hand. */

import type { Bytes } from "./bytes.js";

/** Bytes of a file that is held as a whole. */
export const LARGEST_HELD = 32 * 1024 * 1024;

/**
 * Give the memory of *data*, and of all that shares its buffer, back at once; nothing of it may be used afterwards.
 *
 * Left to the browser it comes back when some 64 MB more were read, in each thread. Emptying the buffer is not enough:
 * the browser's own half of it keeps the memory. What is sent where nobody listens is let go by both.
 */
export function discard(data: Bytes): void {
  const { port1, port2 } = new MessageChannel();
  port2.close();
  port1.postMessage(undefined, [data.buffer]);
  port1.close();
}

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
