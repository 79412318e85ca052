/**
 * What `bundle.started` says of encrypted files that a bundle need not hold, held against what it does hold.
 *
 * Both ways it would mislead: a copy that is said to hold nothing of what is sealed, and holds it; or one said to be
 * whole.
 */

import { byCodePoint } from "../bytes.js";
import { AGE, contentsOf } from "../case/encrypted.js";
import { parseItem } from "../case/items.js";
import { MANIFEST, SESSION_DATA } from "../case/layout.js";
import { isSealedPath } from "../case/sealed.js";
import type { Event } from "../custody/events.js";
import { attempt, FormatError } from "../errors.js";
import type { Problem } from "../models.js";
import type { CaseFiles } from "./files.js";
import { readManifest } from "./items.js";

/** Members of the event's `detail`, and of which files of an item they speak. */
const SAID: readonly (readonly [string, (name: string) => boolean])[] = [
  ["session_data", (name) => name === SESSION_DATA],
  ["sealed", isSealedPath],
];

/** Return what event *begun* says otherwise of the encrypted files of *items*, or does not say. */
export async function otherEncrypted(files: CaseFiles, begun: Event, items: readonly string[]): Promise<Problem[]> {
  const listed = new Map<string, string>();
  for (const item of items) {
    const folder = `items/${item}/`;
    const found = await attempt(async () => readManifest(await files.read(folder + MANIFEST)));
    if (found instanceof FormatError) continue; // told by the check of the manifest
    for (const name of found.keys()) listed.set(folder + name, name);
  }
  const problems = SAID.flatMap(([key, belongs]) => {
    const wanted = [...listed].filter(([, name]) => belongs(name)).map(([path]) => path);
    return contradicted(files, begun, key, wanted);
  });
  if (begun.detail["encrypted"] !== (await content(files, items))) {
    const why = "it does not say how the bundle holds what is encrypted in the case (encrypted)";
    problems.push([`event ${begun.seq}`, why]);
  }
  return problems;
}

/** Return how the content of encrypted *items* is in the bundle; undefined if none is encrypted, or some of each. */
async function content(files: CaseFiles, items: readonly string[]): Promise<string | undefined> {
  const found = new Set<string>();
  for (const item of items) {
    const folder = `items/${item}/`;
    const age = await attempt(async () => contentsOf(parseItem(await files.read(`${folder}item.json`))));
    if (age instanceof FormatError) continue; // told by the check of the record
    for (const name of age.keys()) found.add(files.has(`${folder}${name}${AGE}`) ? "kept" : "opened");
  }
  return found.size === 1 ? [...found][0] : undefined;
}

function contradicted(files: CaseFiles, begun: Event, key: string, listed: readonly string[]): Problem[] {
  const [event, said] = [`event ${begun.seq}`, begun.detail[key]];
  if (said === "withheld") {
    const there = listed.filter((path) => files.has(path));
    return there.map((path) => [files.shown(path), `${event} says that it is left out (${key})`]);
  }
  if (said === "included") {
    const lacking = listed.filter((path) => !files.has(path)).sort(byCodePoint);
    return lacking.map((path) => [files.shown(path), `${event} says that it is included (${key})`]);
  }
  return listed.length === 0 ? [] : [[event, `it does not say whether the encrypted files are in the bundle (${key})`]];
}
