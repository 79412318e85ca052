/** Sealed material: what can be told of it without opening it, which this page never does. */

import { byCodePoint } from "../bytes.js";
import { isObject, type JsonObject, same, textOr } from "../canonical.js";
import { START_TOKEN, SUPPLIED_ARCHIVE } from "../case/layout.js";
import {
  isSealed,
  isSealedPath,
  objects,
  readRegister,
  type Register,
  REGISTER,
  ROLES,
  sealedFiles,
} from "../case/sealed.js";
import { shorten } from "../display.js";
import { attempt, FormatError } from "../errors.js";
import type { Examination } from "../examination.js";
import type { Problem } from "../models.js";
import { payloadSize, readHeader } from "../trust/age.js";
import type { CaseFiles } from "./files.js";

/** Check what is sealed in the item in *folder*, if anything is; *record* is its `item.json`. */
export async function checkSealed(
  exam: Examination,
  files: CaseFiles,
  folder: string,
  record: JsonObject,
): Promise<void> {
  const name = folder + REGISTER;
  if (!files.has(name) && !calledSealed(record)) return;
  const shown = files.shown(name);
  const register = await attempt(async () => readRegister(await files.read(name)));
  if (register instanceof FormatError) {
    exam.failed("item.sealed", shown, register.message);
    return;
  }
  const said = contradictions(register, record).map((why): Problem => [shown, why]);
  const problems = said.concat(await malformed(files, folder, register)); // there may be too many for one call
  const detail = `${register.files.length} files, to ${register.recipients.length} keys`;
  exam.concluded("item.sealed", shown, problems, detail);
  const told = { item: textOr(record["id"]), files: register.files.length, keys: register.recipients.length };
  exam.facts["sealed_items"] = [...objects(exam.facts["sealed_items"]), told];
  if (register.files.some((file) => files.has(folder + file.path))) {
    exam.notChecked("item.plaintext", shown, "sealed: only a recipient's key opens it (verify --key)");
  } else if (register.files.length > 0) {
    exam.notChecked("item.plaintext", shown, "left out: a bundle need not hold what is sealed");
  }
}

/** Whether *record* says anything of sealed material. */
function calledSealed(record: JsonObject): boolean {
  const roles: readonly unknown[] = Object.values(ROLES);
  return isSealed(record) || objects(record["files"]).some((file) => roles.includes(file["role"]));
}

/** Return what the register and the item's record say otherwise. */
function contradictions(register: Register, record: JsonObject): string[] {
  const problems: string[] = [];
  if (!isSealed(record)) problems.push("item.json does not call the item sealed");
  if (register.recipients.length === 0) problems.push("it names nobody who could open it");
  const wanted = sealedFiles(register.files);
  const named = objects(record["files"]).filter((file) => isSealedPath(textOr(file["path"])));
  const listed = new Map(named.map((file): [string, string] => [textOr(file["path"]), textOr(file["role"])]));
  const paths = [...new Set([...wanted.keys(), ...listed.keys()])].sort(byCodePoint);
  for (const path of paths.filter((each) => wanted.has(each) !== listed.has(each))) {
    const what = listed.has(path) ? `lists ${shorten(path)}, which it does not name` : `does not list ${path}`;
    problems.push(`item.json ${what}`);
  }
  for (const path of paths.filter((each) => wanted.has(each) && listed.has(each))) {
    if (wanted.get(path) !== listed.get(path)) {
      problems.push(`item.json gives ${path} the role ${shorten(listed.get(path) ?? "")}`);
    }
  }
  for (const path of inPlain(record, wanted)) {
    problems.push(`item.json lists ${shorten(path)}, which no sealed item has in plain`);
  }
  const bytes = register.files.reduce((sum, file) => sum + file.bytes, 0);
  const counted = { files: register.files.length, bytes };
  const later = record["sealed"] ?? null;
  const told = later === null ? record["supplied"] : isObject(later) ? without(later, "replaces") : later;
  if (told !== undefined && !same(told, counted)) {
    problems.push(`item.json counts otherwise: it names ${register.files.length} files of ${bytes} bytes`);
  }
  return problems;
}

/** Return what else *record* lists than what is sealed, its register, and what tells nothing of it. */
function inPlain(record: JsonObject, wanted: ReadonlyMap<string, string>): string[] {
  const supplied = record["source"] === "supplied" && (record["sealed"] ?? null) === null;
  const readable = new Set([REGISTER, START_TOKEN, ...(supplied ? [SUPPLIED_ARCHIVE] : [])]);
  const listed = new Set(objects(record["files"]).map((file) => textOr(file["path"])));
  const other = (path: string) => !readable.has(path) && !wanted.has(path) && !isSealedPath(path);
  return [...listed].filter(other).sort(byCodePoint);
}

function without(value: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== name));
}

/** Return the age files that are none, or not to those keys, or not of that size. */
async function malformed(files: CaseFiles, folder: string, register: Register): Promise<Problem[]> {
  const sizes = new Map(register.files.map((file) => [file.path, file.bytes]));
  const problems: Problem[] = [];
  for (const path of sealedFiles(register.files).keys()) {
    const name = folder + path;
    if (!files.has(name)) continue; // told by the item's manifest
    const problem = await attempt(() => form(files.blob(name), register.recipients.length, sizes.get(path)));
    const why = problem instanceof FormatError ? problem.message : problem;
    if (why !== "") problems.push([files.shown(name), why]);
  }
  return problems;
}

/** Return what is wrong with the form of one age file for content of *size* bytes, if that is known; else empty. */
async function form(file: Blob, recipients: number, size: number | undefined): Promise<string> {
  const header = await readHeader(file);
  if (header.recipients !== recipients || header.stanzas !== recipients) {
    return `it is encrypted to ${header.recipients} keys, the register names ${recipients}`;
  }
  if (size !== undefined && file.size - header.size !== payloadSize(size)) {
    return `it cannot hold content of ${size} bytes`;
  }
  return "";
}
