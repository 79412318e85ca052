/**
 * What an item's files hold, encrypted or not (evidence-format.md, 5.2.3). This page takes no keys: age files are
 * checked by their form, and content only where a bundle holds it in an age file's place.
 */

import { type Bytes, equal, hex } from "../bytes.js";
import type { JsonObject } from "../canonical.js";
import { AGE, type Content, contentsOf } from "../case/encrypted.js";
import { digestText } from "../digest.js";
import { attempt, FormatError } from "../errors.js";
import type { Examination } from "../examination.js";
import type { Problem } from "../models.js";
import { payloadSize, readHeader } from "../trust/age.js";
import type { CaseFiles } from "./files.js";

const NO_KEY = "encrypted: only a recipient's key opens it (verify --key)";

/** The files of one item by their names in plain, without its folder. */
export interface ItemContents {
  readonly files: CaseFiles;
  readonly folder: string;
  /** What `item.json` says of age files. */
  readonly age: ReadonlyMap<string, Content>;
  /** Those that cannot be read, and why. */
  readonly locked: ReadonlyMap<string, string>;
  /** Those that lie opened in the place of their age files. */
  readonly delivered: ReadonlySet<string>;
}

/** Return what the item in *folder* holds by its *record*. */
export function itemContents(files: CaseFiles, folder: string, record: JsonObject): ItemContents {
  const age = contents(record);
  const encrypted = (name: string) => files.has(`${folder}${name}${AGE}`);
  const locked = [...age.keys()].filter(encrypted).map((name): [string, string] => [name, NO_KEY]);
  const delivered = [...age.keys()].filter((name) => files.has(folder + name) && !encrypted(name));
  return { files, folder, age, locked: new Map(locked), delivered: new Set(delivered) };
}

function contents(record: JsonObject): ReadonlyMap<string, Content> {
  try {
    return contentsOf(record);
  } catch (error) {
    if (error instanceof FormatError) return new Map(); // told by the check of the record
    throw error;
  }
}

/** Whether there is a file *name*, in plain or encrypted. */
export function holds({ files, folder }: ItemContents, name: string): boolean {
  return files.has(folder + name) || files.has(`${folder}${name}${AGE}`);
}

/** Return the digests of *manifest*, in the place of an age file's that of what it holds. */
export function inPlain({ age }: ItemContents, manifest: ReadonlyMap<string, Bytes>): Map<string, Bytes> {
  const plain = new Map([...age].map(([name, { sha256 }]) => [`${name}${AGE}`, [name, sha256] as const]));
  return new Map([...manifest].map(([name, digest]) => plain.get(name) ?? [name, digest]));
}

/**
 * Check the age files of an item by their form, and what a bundle holds opened.
 *
 * Returns *found* without what does not hold what it must.
 */
export async function checkContents(exam: Examination, found: ItemContents): Promise<ItemContents> {
  const { files, folder, age, locked } = found;
  if (age.size === 0) return found;
  const subject = files.shown(`${folder}item.json`);
  const there = [...age].filter(([name]) => files.has(`${folder}${name}${AGE}`));
  if (there.length > 0) await checkForm(exam, found, there, subject);
  if (locked.size > 0) exam.notChecked("item.plaintext", subject, `${locked.size} files: ${NO_KEY}`);
  const readable = [...age].filter(([name]) => !locked.has(name) && files.has(folder + name));
  if (readable.length === 0) return found;
  const wrong = new Map<string, string>();
  for (const [name, content] of readable) {
    const why = await other(files, folder + name, content);
    if (why !== "") wrong.set(name, why);
  }
  const problems = [...wrong].map(([name, why]): Problem => [files.shown(folder + name), why]);
  exam.concluded("item.plaintext", subject, problems, `${readable.length} files`);
  return { ...found, locked: new Map([...locked, ...wrong]) };
}

async function checkForm(
  exam: Examination,
  { files, folder }: ItemContents,
  age: readonly (readonly [string, Content])[],
  subject: string,
): Promise<void> {
  const problems: Problem[] = [];
  const keys = new Set<number>();
  for (const [name, content] of age) {
    const shown = files.shown(`${folder}${name}${AGE}`);
    const file = files.blob(`${folder}${name}${AGE}`);
    const header = await attempt(() => readHeader(file));
    if (header instanceof FormatError) problems.push([shown, header.message]);
    else if (header.recipients !== header.stanzas) {
      problems.push([shown, "the age file is not to X25519 recipients alone"]);
    } else {
      keys.add(header.recipients);
      if (file.size - header.size !== payloadSize(content.bytes)) {
        problems.push([shown, `it cannot hold content of ${content.bytes} bytes`]);
      }
    }
  }
  const counted = [...keys].sort((one, next) => one - next).join(", ");
  exam.concluded("item.encrypted", subject, problems, `${age.length} files, to ${counted} keys`);
}

/** Return why the file *name* is not what it must be; empty if it is. */
async function other(files: CaseFiles, name: string, content: Content): Promise<string> {
  const digest = await attempt(() => files.digest(name));
  if (digest instanceof FormatError) return digest.message;
  if (!equal(digest, content.sha256)) {
    return `its digest is ${digestText(digest)}, item.json has sha256:${hex(content.sha256)}`;
  }
  return files.blob(name).size === content.bytes ? "" : `it has another size than item.json says, ${content.bytes}`;
}
