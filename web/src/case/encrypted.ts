/** Encryption at rest: what an item says of its age files (evidence-format.md, 5.2.3). */

import { isObject, type JsonObject } from "../canonical.js";
import { parseDigest } from "../digest.js";
import type { Bytes } from "../bytes.js";
import { FormatError } from "../errors.js";
import { objects } from "./sealed.js";

export const AGE = ".age";

/** What an age file of an item must hold. */
export interface Content {
  readonly bytes: number;
  readonly sha256: Bytes;
}

/** Return what the age files of the item of *record* hold, by the names that these had in plain; raises `FormatError`. */
export function contentsOf(record: JsonObject): Map<string, Content> {
  const listed = objects(record["files"]);
  const others = new Set(listed.map((file) => file["path"]));
  const found = new Map<string, Content>();
  for (const file of listed) {
    if (!("plain" in file)) continue;
    const [path, plain] = [file["path"], file["plain"]];
    if (typeof path !== "string" || !path.endsWith(AGE) || others.has(path.slice(0, -AGE.length))) throw unclear();
    if (!isObject(plain) || Object.keys(plain).length !== 2) throw unclear();
    const { bytes, sha256 } = plain;
    if (!Number.isSafeInteger(bytes) || (bytes as number) < 0 || typeof sha256 !== "string") throw unclear();
    found.set(path.slice(0, -AGE.length), { bytes: bytes as number, sha256: parseDigest(`sha256:${sha256}`) });
  }
  return found;
}

function unclear(): FormatError {
  return new FormatError("it does not say what a file of it holds");
}
