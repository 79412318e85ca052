/** The presentation language of TLS (RFC 8446, 3): numbers in network order, and vectors with their length. */

import type { Bytes } from "../../bytes.js";
import { FormatError } from "../../errors.js";

/** Reads the fields of one structure from the front; every method raises `FormatError` when bytes are missing. */
export class Fields {
  /** How many bytes were read. */
  at = 0;
  private readonly data: Bytes;
  private readonly name: string;

  constructor(data: Bytes, name: string) {
    this.data = data;
    this.name = name;
  }

  get more(): boolean {
    return this.at < this.data.length;
  }

  take(size: number): Bytes {
    const end = this.at + size;
    if (end > this.data.length) {
      throw new FormatError(`${this.name} ends after ${this.data.length} bytes, in the middle of a field`);
    }
    const found = this.data.subarray(this.at, end);
    this.at = end;
    return found;
  }

  /** Return the next number of *size* bytes; one beyond 2^53 is not exact, and too large for any use. */
  number(size: number): number {
    return this.take(size).reduce((sum, byte) => sum * 256 + byte, 0);
  }

  /** Return the next vector, whose length is a number of *size* bytes. */
  vector(size: number): Bytes {
    return this.take(this.number(size));
  }

  /** Return the next vector of 2-byte numbers, whose length in bytes is a number of *size* bytes. */
  numbers(size: number): number[] {
    const inner = new Fields(this.vector(size), this.name);
    if (inner.data.length % 2 !== 0) {
      throw new FormatError(`${this.name} holds a list of 2-byte numbers in ${inner.data.length} bytes`);
    }
    const found: number[] = [];
    while (inner.more) found.push(inner.number(2));
    return found;
  }

  /** See to it that nothing is left. */
  end(): void {
    if (this.more) throw new FormatError(`${this.name} has ${this.data.length - this.at} bytes too many`);
  }
}
