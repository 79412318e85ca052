/** The files of a case or bundle, each hashed at most once. */

import type { Ahead } from "../archive/ahead.js";
import { checkWacz, type WaczFindings } from "../archive/wacz_reader.js";
import type { Bytes } from "../bytes.js";
import { sha256OfBlob } from "../digest.js";
import { SMALL, type Tree } from "../tree.js";

/** A case's files, wherever they lie in a tree: at the prefix `""` in a case, `data/` in a bundle. */
export class CaseFiles {
  private readonly digests = new Map<string, Bytes>();
  private readonly own: ReadonlySet<string>;

  constructor(
    readonly tree: Tree,
    readonly prefix: string,
    private readonly ahead?: Ahead,
  ) {
    const inside = tree.names().filter((name) => name.startsWith(prefix));
    this.own = new Set(inside.map((name) => name.slice(prefix.length)));
  }

  /** Take over digests by the tree's own names. */
  know(digests: Iterable<readonly [string, Bytes]>): void {
    for (const [name, digest] of digests) this.digests.set(name, digest);
  }

  /** Return what there is to find in one of our own archives, once; raises `FormatError` when there is none. */
  async archive(name: string): Promise<WaczFindings> {
    const file = this.tree.blob(this.prefix + name);
    return (await this.ahead?.archive(this.prefix + name)) ?? checkWacz(file, { ours: true });
  }

  /** Return the case's file names, sorted. */
  names(): string[] {
    return [...this.own];
  }

  has(name: string): boolean {
    return this.own.has(name);
  }

  /** Return a file, unread; raises `FormatError` when there is none. */
  blob(name: string): Blob {
    return this.tree.blob(this.prefix + name);
  }

  /** Return a file of at most *limit* bytes; raises `FormatError` when it is not there or too large. */
  async read(name: string, limit = SMALL): Promise<Bytes> {
    return this.tree.read(this.prefix + name, limit);
  }

  /** Return a file's digest; raises `FormatError` when it cannot be read. */
  async digest(name: string): Promise<Bytes> {
    const full = this.prefix + name;
    const known = this.digests.get(full) ?? (await sha256OfBlob(this.tree.blob(full)));
    this.digests.set(full, known);
    return known;
  }

  /** Return the name under which people find the file. */
  shown(name: string): string {
    return this.prefix + name;
  }
}
