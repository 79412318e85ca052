/** A PDF's bytes, read where they are needed: a report may have 200 MB, and what is looked at lies all over it. */

import type { Bytes } from "../bytes.js";
import { concat } from "../bytes.js";
import { FormatError } from "../errors.js";
import { readBlob } from "../tree.js";

const PAGE = 64 * 1024;
const MOST_PAGES = 256;

/** Where bytes come from. */
export interface Source {
  readonly file: Blob;
  readonly size: number;
  /** Return the bytes from *at* on, at most *count*: fewer at the end; raises `FormatError`. */
  read(at: number, count: number): Promise<Bytes>;
}

/** What was asked for needs more than a verifier gives it: nothing is said of the file, as in Python. */
export class LimitError extends FormatError {}

/** Return the bytes of *file*, those read last kept at hand. */
export function sourceOf(file: Blob): Source {
  const pages = new Map<number, Promise<Bytes>>();

  function page(number: number): Promise<Bytes> {
    const found = pages.get(number) ?? readBlob(file.slice(number * PAGE, (number + 1) * PAGE), "the PDF");
    pages.delete(number);
    pages.set(number, found); // the one used last comes last
    if (pages.size > MOST_PAGES) pages.delete(pages.keys().next().value as number);
    return found;
  }

  async function read(at: number, count: number): Promise<Bytes> {
    const end = Math.min(file.size, at + count);
    if (at < 0 || at >= end) return new Uint8Array(0);
    const [first, last] = [Math.floor(at / PAGE), Math.floor((end - 1) / PAGE)];
    if (last - first > 8) return readBlob(file.slice(at, end), "the PDF");
    const parts = [];
    for (let number = first; number <= last; number++) parts.push(await page(number));
    const whole = parts.length === 1 ? (parts[0] as Bytes) : concat(...parts);
    return whole.subarray(at - first * PAGE, end - first * PAGE);
  }

  return { file, size: file.size, read };
}
