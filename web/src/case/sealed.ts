/** Sealed material: what an item says of it in plain (evidence-format.md, 5.2.2). */

import { isObject, type JsonObject, parse } from "../canonical.js";
import { isRecipient } from "../custody/recipients.js";
import { parseDigest } from "../digest.js";
import { FormatError } from "../errors.js";
import type { Json } from "../models.js";

const SCHEMA = "evidence-kit/sealed/1";
const PATH = /^sealed\/[0-9]{4,9}\.age$/;
export const REGISTER = "sealed.json";
export const ROLES = { content: "sealed", particulars: "sealed-particulars", register: "sealed-register" } as const;
const CIRCUMSTANCES = "sealed/circumstances.json.age";

/** One line of the register. */
export interface SealedFile {
  readonly path: string;
  /** Of the content. */
  readonly bytes: number;
}

/** `sealed.json`. */
export interface Register {
  readonly recipients: readonly string[];
  readonly files: readonly SealedFile[];
}

/** Whether *name* is that of an age file in a sealed item. */
export function isSealedPath(name: string): boolean {
  return name.startsWith("sealed/") && name.endsWith(".age");
}

/** Whether the `item.json` *record* calls its item sealed. */
export function isSealed(record: JsonObject): boolean {
  return objects(record["flags"]).some((flag) => flag["code"] === "sealed");
}

/** Return the objects in a list, and nothing for what is none. */
export function objects(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly Json[]).filter(isObject) : [];
}

/** Read `sealed.json`; raises `FormatError`. */
export function readRegister(data: Uint8Array): Register {
  const value = parse(data);
  const known = isObject(value) && value["schema"] === SCHEMA && Object.keys(value).length === 3;
  const [recipients, files] = known ? [value["recipients"], value["files"]] : [undefined, undefined];
  if (!Array.isArray(recipients) || !Array.isArray(files)) throw new FormatError(`${REGISTER} does not say ${SCHEMA}`);
  const found = (files as readonly Json[]).map(sealedFile);
  if (new Set(found.map((file) => file.path)).size !== found.length) {
    throw new FormatError(`${REGISTER} names a file twice`);
  }
  const named = (recipients as readonly Json[]).map(recipient);
  if (new Set(named).size !== named.length) throw new FormatError(`${REGISTER} names a recipient twice`);
  return { recipients: named, files: found };
}

function sealedFile(value: Json): SealedFile {
  if (isObject(value) && Object.keys(value).length === 3) {
    const { path, bytes, commitment } = value as { readonly [key: string]: Json };
    if (typeof path === "string" && PATH.test(path) && typeof bytes === "number" && bytes >= 0) {
      parseDigest(commitment ?? null);
      return { path, bytes };
    }
  }
  throw new FormatError(`${REGISTER} does not describe a sealed file`);
}

function recipient(value: Json): string {
  if (typeof value !== "string" || !isRecipient(value)) throw new FormatError(`${REGISTER} names a recipient that is none`);
  return value;
}

/** Return every age file of an item with these sealed files, and its role. */
export function sealedFiles(files: readonly SealedFile[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { path } of files) {
    found.set(path, ROLES.content);
    found.set(`${path.slice(0, -".age".length)}.json.age`, ROLES.particulars);
  }
  return found.set(CIRCUMSTANCES, ROLES.particulars);
}
