/**
 * Lets helpers work through large files before somebody looks at them one by one.
 *
 * What comes back is exactly what the one who asks would find; what cannot be read is left out, so that he finds out
 * why.
 */

import type { Bytes } from "../bytes.js";
import { type Sums, sha256OfBlob, sumsOfBlob } from "../digest.js";
import { LARGEST_HELD } from "../held.js";
import type { Helpers } from "../processes.js";
import type { Tree } from "../tree.js";
import { isOwnArchive } from "./resource_names.js";
import { checkWacz, type WaczFindings } from "./wacz_reader.js";

/** Bytes from which on it takes longer to do it here than to ask. */
const WORTHWHILE = 512 * 1024;
/** Archives that were asked about and not looked at yet: what is found of each is kept until then. */
const MOST_ARCHIVES = 12;

/** What the helpers can do. */
export const WORKS = {
  digest: (file: Blob, onBytes: (count: number) => void) => sha256OfBlob(file, (piece) => onBytes(piece.length)),
  sums: sumsOfBlob,
  archive: (file: Blob) => checkWacz(file, { ours: true }),
};

export type OurHelpers = Helpers<typeof WORKS>;

const sums = new WeakMap<Blob, Promise<Sums | undefined>>();

/** Ask once for digest and checksum of a file, however many want to know; undefined where nobody could say. */
export function askSums(
  file: Blob,
  helpers: OurHelpers,
  onBytes?: (count: number) => void,
): Promise<Sums | undefined> {
  const found = sums.get(file) ?? helpers.ask("sums", file, onBytes);
  sums.set(file, found);
  return found;
}

/** What was asked about the files of one tree. */
export class Ahead {
  private readonly digests = new Map<string, Promise<Bytes | undefined>>();
  private readonly archives = new Map<string, Promise<WaczFindings | undefined>>();
  private readonly later: string[];
  private large: Promise<WaczFindings | undefined> = Promise.resolve(undefined);

  /**
   * Ask for the digests of all large files, and for the first ones of our own archives below *folder*; *packed*: for
   * the checksums too, which a zip has of its files.
   */
  constructor(
    private readonly tree: Tree,
    folder: string,
    private readonly helpers: OurHelpers,
    onBytes: (count: number) => void,
    { packed = false } = {},
  ) {
    const large = tree.names().filter((name) => tree.size(name) >= WORTHWHILE);
    this.later = large.filter((name) => name.startsWith(folder) && isOwnArchive(name));
    // Who is longest at it begins first.
    const sorted = large.sort((one, other) => tree.size(other) - tree.size(one));
    for (const name of sorted) {
      const file = tree.blob(name);
      const found = packed
        ? askSums(file, helpers, onBytes).then((counted) => counted?.sha256)
        : helpers.ask("digest", file, onBytes);
      this.digests.set(name, found);
    }
    for (let count = 0; count < MOST_ARCHIVES; count++) this.beginNext();
  }

  /** Return the digest of a file, undefined where nobody was asked, or could say. */
  digest(name: string): Promise<Bytes | undefined> {
    return this.digests.get(name) ?? Promise.resolve(undefined);
  }

  /** Return once what there is to find in an archive, undefined where nobody was asked, or could say. */
  archive(name: string): Promise<WaczFindings | undefined> {
    const found = this.archives.get(name);
    this.archives.delete(name);
    this.beginNext();
    return found ?? Promise.resolve(undefined);
  }

  private beginNext(): void {
    const name = this.later.shift();
    if (name === undefined) return;
    const file = this.tree.blob(name);
    if (file.size <= LARGEST_HELD) {
      this.archives.set(name, this.helpers.ask("archive", file));
      return;
    }
    // Large ones are read here, one by one, and their digests and checksums are counted by the helpers.
    this.large = this.large.then(() => checkWacz(file, { ours: true, helpers: this.helpers }));
    this.archives.set(name, this.large);
  }
}
