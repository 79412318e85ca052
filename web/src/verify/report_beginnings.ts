/** The earlier states of reports, which grow at their end by what is signed and stamped. */

import { hex } from "../bytes.js";
import { passing, Sha256 } from "../digest.js";
import type { PdfFindings } from "../pdf/findings.js";
import type { Tree } from "../tree.js";

/** By the name of a report: how many signatures it has up to the end of one, by the digest of all before that end. */
export type Starts = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** Return the beginnings of *reports*, digests as 64 hexadecimal digits. */
export async function beginnings(tree: Tree, reports: ReadonlyMap<string, PdfFindings>): Promise<Starts> {
  const starts = new Map<string, Map<string, number>>();
  for (const [name, { signatures }] of reports) {
    const ends = signatures.map(({ coveredEnd }) => coveredEnd).sort((one, other) => one - other);
    starts.set(name, await digestsUpTo(tree.blob(name), ends));
  }
  return starts;
}

/** Return how many of *ends*, which ascend, are not behind one, by the digest of what is before it. */
async function digestsUpTo(blob: Blob, ends: readonly number[]): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  const hasher = await Sha256.begin();
  let at = 0;
  for (const [index, end] of ends.entries()) {
    for await (const piece of passing(blob.slice(at, end))) hasher.update(piece);
    at = end;
    found.set(hex((await hasher.fork()).end()), index + 1);
  }
  hasher.end();
  return found;
}
