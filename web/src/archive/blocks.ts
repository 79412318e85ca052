/** Reading what stands close together in a large file. */

import type { Bytes } from "../bytes.js";
import { readBlob } from "../tree.js";

/** Bytes that are read in one go. */
export const BLOCK = 64 * 1024;

/** Reads a file in blocks: where entries are small, many headers stand in one. */
export class Reader {
  private begin = 0;
  private block: Bytes = new Uint8Array(0);

  constructor(readonly file: Blob) {}

  /** Return the bytes from *begin* to *end*, fewer where the file ends; raises `FormatError` when it cannot be read. */
  async read(begin: number, end: number): Promise<Bytes> {
    const from = Math.max(0, begin);
    if (from < this.begin || end > this.begin + this.block.length) {
      this.block = await readBlob(this.file.slice(from, Math.max(end, from + BLOCK)), "the zip");
      this.begin = from;
    }
    return this.block.subarray(from - this.begin, Math.max(0, end) - this.begin);
  }
}
