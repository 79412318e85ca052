/** One item: its manifest, its seal, its own record, its web archive (evidence-format.md, 5.2). */

import { parseManifest } from "../archive/manifests.js";
import type { Resource } from "../archive/own_warc.js";
import { isOwnArchive, RECORDED } from "../archive/resource_names.js";
import { byCodePoint, type Bytes, equal, hex } from "../bytes.js";
import { shorten } from "../display.js";
import { isObject, type JsonObject, textOr } from "../canonical.js";
import { AGE, contentsOf } from "../case/encrypted.js";
import { parseItem } from "../case/items.js";
import { LATER_SEAL, MANIFEST, SESSION_DATA } from "../case/layout.js";
import { isSealedPath } from "../case/sealed.js";
import { type Event, manifestOf } from "../custody/events.js";
import { digestText } from "../digest.js";
import { attempt, FormatError } from "../errors.js";
import type { Examination } from "../examination.js";
import type { Json, Problem } from "../models.js";
import type { Certificate } from "../trust/certificates.js";
import { verifyDetached } from "../trust/cms.js";
import { noteWacz } from "./archives.js";
import { CERTIFICATES, LINES, SIGNATURES } from "../wire/witness/statements.js";
import { checkConnections, NAME as CONNECTIONS } from "./connections.js";
import { checkContents, holds, inPlain, type ItemContents, itemContents } from "./contents.js";
import type { CaseFiles } from "./files.js";
import { checkFreeze } from "./freeze.js";
import type { History } from "./history.js";
import { checkSealed } from "./sealed.js";
import { checkWitness } from "./witness.js";

/** What is not checked of an archive that cannot be read. */
const OF_ARCHIVE = ["wacz.structure", "wacz.index", "warc.records", "item.recorded", "wacz.transport"];

/** Paths in an item are narrower than in other people's bags. */
const PATH = /^[A-Za-z0-9._/-]{1,100}$/;

/**
 * Check everything inside the item's *folder* (`items/EV-0001/`, or empty for a folder on its own).
 *
 * *certificates* are those of the case; without them nobody's signature inside the item can be checked. A *whole* item
 * lies in a case: any other may lack the recording itself, which bundles leave out.
 */
export async function checkItem(
  exam: Examination,
  files: CaseFiles,
  item: string,
  folder: string,
  certificates: readonly Certificate[] | undefined,
  { whole }: { readonly whole: boolean },
): Promise<void> {
  const record = await recordOf(files, folder);
  const contents = itemContents(files, folder, record);
  const stored = await checkManifest(exam, contents, whole);
  await checkRecord(exam, files, item, folder, stored);
  const found = await checkContents(exam, contents);
  const listed = inPlain(found, stored);
  await checkFreeze(exam, found, listed, certificates);
  if (!isLocked(exam, found, [LINES, SIGNATURES, CERTIFICATES], ["witness.signature"])) {
    await checkWitness(exam, files, folder, record);
  }
  await checkSealed(exam, files, folder, record);
  for (const name of listed.keys()) {
    if (isOwnArchive(name) && holds(found, name) && !isLocked(exam, found, [name], OF_ARCHIVE)) {
      await checkArchive(exam, files, folder + name, record);
    }
    if (name === CONNECTIONS && holds(found, name) && !isLocked(exam, found, [name], ["connections.lines"])) {
      await checkConnections(exam, files, folder + name);
    }
  }
}

/** Return `item.json`; what cannot be read of it is told by its own check. */
async function recordOf(files: CaseFiles, folder: string): Promise<JsonObject> {
  const record = await attempt(async () => parseItem(await files.read(`${folder}item.json`)));
  return record instanceof FormatError ? {} : record;
}

/** Whether one of the files *names* cannot be read; then what would be checked of it is noted as not checked. */
function isLocked(
  exam: Examination,
  { files, folder, locked }: ItemContents,
  names: readonly string[],
  ids: readonly string[],
): boolean {
  const name = names.find((each) => locked.has(each));
  if (name === undefined) return false;
  for (const id of ids) exam.notChecked(id, files.shown(folder + name), locked.get(name) ?? "");
  return true;
}

/** Check the detached signature over the item's manifest, and note who made it. */
/**
 * Check the detached signature over the item's manifest, and note who made it.
 *
 * Of an item that was sealed later there are two: over the manifest that it had, of which the log has the digest, and
 * over the one that it has.
 */
export async function checkSeal(
  exam: Examination,
  files: CaseFiles,
  item: string,
  certificates: readonly Certificate[],
  history: History | undefined,
): Promise<void> {
  const [event, later] = [history?.committed.get(item), history?.told.sealings.get(item)];
  const had = event === undefined ? undefined : manifestOf(event);
  const check = async (name: string, signed: Bytes | undefined, told: Event | undefined): Promise<void> => {
    const subject = files.shown(`seals/${item}/${name}`);
    const facts = await attempt(async () => {
      const digest = signed ?? (await files.digest(`items/${item}/${MANIFEST}`));
      return verifyDetached(await files.read(`seals/${item}/${name}`), digest, certificates);
    });
    if (facts instanceof FormatError) {
      exam.failed("item.seal", subject, facts.message);
      return;
    }
    exam.passed("item.seal", subject, facts.certificate.subject);
    if (history !== undefined && told !== undefined) {
      await history.noteSigner(exam, facts.certificate, told.seq, certificates);
    } else {
      await exam.signedBy(facts.certificate, certificates, undefined);
    }
  };
  if (later === undefined || had === undefined) {
    await check(`${MANIFEST}.p7s`, undefined, event);
    return;
  }
  await check(`${MANIFEST}.p7s`, had, event);
  await check(LATER_SEAL, undefined, later);
}

async function checkManifest(
  exam: Examination,
  { files, folder, delivered }: ItemContents,
  whole: boolean,
): Promise<ReadonlyMap<string, Bytes>> {
  const subject = files.shown(folder + MANIFEST);
  const listed = await attempt(async () => readManifest(await files.read(folder + MANIFEST)));
  if (listed instanceof FormatError) {
    exam.failed("item.manifest", subject, listed.message);
    return new Map();
  }
  const expected = new Map(listed);
  const lacking = whole ? [] : [...listed.keys()].filter((name) => mayLack(name) && !files.has(folder + name));
  for (const name of lacking) {
    exam.notChecked("item.manifest", files.shown(folder + name), "left out: a bundle need not hold what is encrypted");
    expected.delete(name);
  }
  const opened = new Set([...delivered].filter((name) => listed.has(`${name}${AGE}`) && !whole));
  if (opened.size > 0) {
    exam.notChecked("item.manifest", subject, `${opened.size} files are delivered opened, which item.plaintext checks`);
    for (const name of opened) expected.delete(`${name}${AGE}`);
  }
  const problems = await differences(files, folder, expected, opened);
  exam.concluded("item.manifest", subject, problems, `${expected.size} files`);
  return listed;
}

/** Whether a bundle may leave out the file *name* of an item. */
function mayLack(name: string): boolean {
  return name === SESSION_DATA || isSealedPath(name);
}

/** Return what the file list of an item has; throws `FormatError`. */
export function readManifest(data: Bytes): Map<string, Bytes> {
  const found = parseManifest(data);
  for (const name of found.keys()) {
    if (!PATH.test(name)) throw new FormatError(`not a path of the allowed form: ${shorten(name)}`);
  }
  return found;
}

async function differences(
  files: CaseFiles,
  folder: string,
  listed: ReadonlyMap<string, Bytes>,
  beside: ReadonlySet<string>,
): Promise<Problem[]> {
  const inside = files.names().filter((name) => name.startsWith(folder));
  const own = inside.map((name) => name.slice(folder.length));
  const present = new Set(own.filter((name) => name !== MANIFEST && !beside.has(name)));
  const strays = [...present].filter((name) => !listed.has(name)).sort(byCodePoint);
  const problems = strays.map((name): Problem => [files.shown(folder + name), "the manifest does not list it"]);
  for (const [name, digest] of listed) {
    const subject = files.shown(folder + name);
    if (!present.has(name)) {
      problems.push([subject, "it is missing"]);
      continue;
    }
    const found = await attempt(() => files.digest(folder + name));
    if (found instanceof FormatError) problems.push([subject, found.message]);
    else if (!equal(found, digest)) {
      problems.push([subject, `its digest is ${digestText(found)}, the manifest has ${digestText(digest)}`]);
    }
  }
  return problems;
}

async function checkRecord(
  exam: Examination,
  files: CaseFiles,
  item: string,
  folder: string,
  listed: ReadonlyMap<string, Bytes>,
): Promise<void> {
  const subject = files.shown(`${folder}item.json`);
  const record = await attempt(async () => parseItem(await files.read(`${folder}item.json`)));
  if (record instanceof FormatError) {
    exam.failed("item.record", subject, record.message);
    return;
  }
  const problems = contradictions(record, item, listed).map((why): Problem => [subject, why]);
  exam.concluded("item.record", subject, problems);
}

function contradictions(record: JsonObject, item: string, listed: ReadonlyMap<string, Bytes>): string[] {
  const problems: string[] = [];
  if (item !== "" && record["id"] !== item) {
    problems.push(`it calls itself ${JSON.stringify(record["id"])}, not "${item}"`);
  }
  const described = new Set([MANIFEST, "item.json"]);
  for (const file of filesOf(record)) {
    const path = isObject(file) ? file["path"] : undefined;
    const digest = isObject(file) ? file["sha256"] : undefined;
    if (typeof path !== "string" || typeof digest !== "string") {
      problems.push("it describes a file without path or digest");
      continue;
    }
    described.add(path);
    const found = listed.get(path);
    if (found === undefined || hex(found) !== digest) {
      const stated = found === undefined ? "None" : digestText(found);
      problems.push(`it describes ${shorten(path)} with the digest ${shorten(digest)}, the manifest has ${stated}`);
    }
  }
  const strays = [...listed.keys()].filter((name) => !described.has(name)).sort(byCodePoint);
  return [...problems, ...strays.map((name) => `it does not describe ${name}`), ...unclear(record)];
}

/** Return what is wrong with what *record* says of age files. */
function unclear(record: JsonObject): string[] {
  try {
    contentsOf(record);
    return [];
  } catch (error) {
    if (error instanceof FormatError) return [error.message];
    throw error;
  }
}

function filesOf(record: JsonObject): readonly Json[] {
  const files = record["files"];
  return Array.isArray(files) ? (files as readonly Json[]) : [];
}

async function checkArchive(exam: Examination, files: CaseFiles, name: string, record: JsonObject): Promise<void> {
  const shown = files.shown(name);
  const found = await files.archive(name);
  noteWacz(exam, shown, found.findings);
  const missing = unrecorded(record, found.resources).map((why): Problem => [shown, why]);
  exam.concluded("item.recorded", shown, missing);
  const stated = record["wacz"];
  const wanted = isObject(stated) ? stated["transport_key_sha256"] : undefined;
  const key = found.spkiSha256 === undefined ? undefined : digestText(found.spkiSha256);
  if (key === undefined || key !== wanted) {
    exam.failed("wacz.transport", shown, `made with the key ${key}, item.json names ${JSON.stringify(wanted)}`);
  } else {
    exam.passed("wacz.transport", shown, "the key was made for this archive and thrown away; it is nobody's signature");
  }
}

/** Compare the files of the item with the resource records of the same role; their digests were checked before. */
function unrecorded(record: JsonObject, resources: readonly Resource[]): string[] {
  const beside = filesOf(record).flatMap((file): [string, string][] => {
    const role = isObject(file) ? file["role"] : undefined;
    return isObject(file) && typeof role === "string" && RECORDED.has(role) ? [[role, digestInPlain(file)]] : [];
  });
  const inside = resources
    .filter((resource) => RECORDED.has(resource.role))
    .map(({ role, sha256 }): [string, string] => [role, sha256]);
  return [
    ...without(beside, inside).map(([role, digest]) => `it does not hold the item's ${role} with the digest ${digest}`),
    ...without(inside, beside).map(([role, digest]) => `it holds a ${role} with the digest ${digest} that the item does not have`),
  ];
}

function digestInPlain(file: JsonObject): string {
  return textOr((isObject(file["plain"]) ? file["plain"] : file)["sha256"]);
}

/** Return those that stand in *ones* more often than in *others*, each once. */
function without(ones: readonly [string, string][], others: readonly [string, string][]): [string, string][] {
  const left = new Map<string, number>();
  for (const [role, digest] of others) left.set(`${role} ${digest}`, (left.get(`${role} ${digest}`) ?? 0) + 1);
  const found = new Map<string, [string, string]>();
  for (const [role, digest] of ones) {
    const count = left.get(`${role} ${digest}`) ?? 0;
    if (count === 0) found.set(`${role} ${digest}`, [role, digest]);
    else left.set(`${role} ${digest}`, count - 1);
  }
  return [...found.values()];
}
