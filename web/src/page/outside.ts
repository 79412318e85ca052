/** What else reached the judge, not with the evidence: receipts, anchor lists, the file of withheld events. */

import { type Bytes, latin1 } from "../bytes.js";
import { type Anchor, type BrokenAnchor, readAnchor, SCHEMA } from "../case/anchors.js";
import { type Receipt, readReceipt } from "../custody/receipts.js";
import { digestText } from "../digest.js";
import { attempt, FormatError } from "../errors.js";
import { readBlob, SMALL } from "../tree.js";

const LARGEST_RECEIPT = 8 * 1024 * 1024;
const [LARGEST_LIST, LARGEST_SEAL] = [64 * 1024 * 1024, 1024 * 1024] as const;
/** What lies beside a list: its signature, and time stamps of it. */
const SEAL = /(?:\.p7s|(?:-[2-9])?\.tsr)$/;

/** One thing that was given, under the name that people know it by. */
export type Given =
  | { readonly kind: "receipt"; readonly name: string; readonly receipt: Receipt }
  | { readonly kind: "anchor"; readonly name: string; readonly anchor: Anchor | BrokenAnchor }
  | { readonly kind: "withheld"; readonly name: string; readonly data: Bytes };

/** Read a receipt out of the file *name*, a PDF or text; raises `FormatError`. */
export async function receiptOf(name: string, file: Blob): Promise<Given> {
  const data = await readAtMost(name, file, LARGEST_RECEIPT);
  // In a PDF the code stands in the metadata, which is not compressed.
  const isPdf = latin1(data.subarray(0, 5)) === "%PDF-";
  return { kind: "receipt", name, receipt: readReceipt(isPdf ? latin1(data) : new TextDecoder().decode(data)) };
}

/** Read a receipt that was typed; raises `FormatError`. */
export function receiptTyped(typed: string): Given {
  const receipt = readReceipt(typed);
  return { kind: "receipt", name: digestText(receipt.head), receipt };
}

/**
 * Read the anchor lists among *files*, their seals beside them; those that hold nothing of the kind are returned too.
 *
 * Raises `FormatError` for a file that cannot be read.
 */
export async function anchorsOf(files: readonly File[]): Promise<{ found: Given[]; refused: string[] }> {
  const beside = new Map(files.map((file) => [file.name, file]));
  const [found, refused]: [Given[], string[]] = [[], []];
  for (const [name, file] of beside) {
    if (SEAL.test(name)) {
      if (!beside.has(name.replace(SEAL, ""))) refused.push(name);
    } else if (await isAnchorList(file, beside)) {
      found.push({ kind: "anchor", name, anchor: await anchorOf(name, beside) });
    } else refused.push(name);
  }
  return { found, refused };
}

/** Return the file of withheld events; raises `FormatError` when it is too large. Its content is checked later. */
export async function withheldOf(name: string, file: Blob): Promise<Given> {
  return { kind: "withheld", name, data: await readAtMost(name, file, SMALL) };
}

/** Whether a file says, or what lies beside it, that it is or was an anchor list. */
async function isAnchorList(file: File, beside: ReadonlyMap<string, File>): Promise<boolean> {
  if (beside.has(`${file.name}.p7s`)) return true;
  return latin1(await readBlob(file.slice(0, LARGEST_SEAL), file.name)).includes(SCHEMA);
}

async function anchorOf(name: string, beside: ReadonlyMap<string, File>): Promise<Anchor | BrokenAnchor> {
  const data = new Map<string, Bytes>();
  for (const [other, file] of beside) {
    if (other !== name && !(other.startsWith(name) && SEAL.test(other))) continue;
    const read = await attempt(() => readAtMost(other, file, other === name ? LARGEST_LIST : LARGEST_SEAL));
    // A time stamp that is none is told when its turn comes.
    if (!(read instanceof FormatError)) data.set(other, read);
    else if (other.endsWith(".tsr")) data.set(other, new Uint8Array(0));
    else return { name, check: "anchor.signature", problem: read.message };
  }
  return readAnchor(name, data);
}

async function readAtMost(name: string, file: Blob, limit: number): Promise<Bytes> {
  if (file.size > limit) throw new FormatError(`${name} is larger than ${limit} bytes`);
  return readBlob(file, name);
}
