/** A tree of files to be checked, whether it was dropped as a folder or lies in a zip with one top folder. */

import { type Bytes, byCodePoint } from "./bytes.js";
import { shorten } from "./display.js";
import { FormatError } from "./errors.js";
import { Held, LARGEST_HELD } from "./held.js";
import type { Problem } from "./models.js";

/** Bytes that a file may have which is read as a whole: lists, records. */
export const SMALL = 64 * 1024 * 1024;

/** Files by relative path with `/`. */
export class Tree {
  /** What is there beside plain files: path, English sentence. */
  readonly problems: readonly Problem[];
  private readonly files: ReadonlyMap<string, Blob>;

  /** *emptyFolders*: those in which nothing lies, as far as they can be seen: no list of files can name them. */
  constructor(
    files: Iterable<readonly [string, Blob]>,
    problems: Iterable<Problem> = [],
    readonly emptyFolders: readonly string[] = [],
  ) {
    const sorted = [...files].sort(([one], [other]) => byCodePoint(one, other));
    this.files = new Map(sorted);
    this.problems = [...problems, ...collisions(this.files.keys())];
  }

  /** Return the paths of all files, sorted by code point. */
  names(): string[] {
    return [...this.files.keys()];
  }

  has(name: string): boolean {
    return this.files.has(name);
  }

  size(name: string): number {
    return this.blob(name).size;
  }

  /** Return a file, unread; raises `FormatError` when there is none. */
  blob(name: string): Blob {
    const found = this.files.get(name);
    if (found === undefined) throw new FormatError(`there is no file ${shorten(name)}`);
    return found;
  }

  /** Return a file of at most *limit* bytes; raises `FormatError` when there is none, or it is larger. */
  async read(name: string, limit = SMALL): Promise<Bytes> {
    const blob = this.blob(name);
    if (blob.size > limit) throw new FormatError(`${shorten(name)} is larger than ${limit} bytes`);
    return readBlob(blob, name);
  }

  /** Return the files below *prefix* by what stands behind it. */
  below(prefix: string): Tree {
    const own = [...this.files].filter(([name]) => name.startsWith(prefix));
    return new Tree(own.map(([name, blob]) => [name.slice(prefix.length), blob] as const));
  }
}

/** Return the bytes of a file; raises `FormatError` when it cannot be read, as when it was taken away meanwhile. */
export async function readBlob(blob: Blob, name: string): Promise<Bytes> {
  if (blob instanceof Held) return blob.data;
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (error) {
    if (error instanceof DOMException) throw new FormatError(`${shorten(name)} cannot be read: ${error.message}`);
    throw error;
  }
}

/** Return a file as one that is held, unless it is too large for it; raises `FormatError` as `readBlob` does. */
export async function held(blob: Blob, name: string): Promise<Blob> {
  return blob.size > LARGEST_HELD || blob instanceof Held ? blob : new Held(await readBlob(blob, name));
}

/** Yield names that some file system could not hold beside another one of them. */
function* collisions(names: Iterable<string>): Generator<Problem> {
  const seen = new Map<string, string>();
  for (const name of names) {
    const same = folded(name);
    const other = seen.get(same);
    if (other !== undefined) yield [name, `some systems cannot tell it from ${shorten(other)}`];
    else seen.set(same, name);
  }
}

/** Return one text for all names that some file system takes for the same one: letter case and composition left out. */
export function folded(name: string): string {
  return name.normalize("NFC").toLowerCase().toUpperCase().toLowerCase().normalize("NFC");
}
