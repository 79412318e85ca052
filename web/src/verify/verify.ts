/** Finds out what is to be verified, and verifies it; never raises for bad evidence (evidence-format.md, 8). */

import { checkCanonical, isSorted, readZip, type Zip } from "../archive/zip.js";
import type { OurHelpers } from "../archive/ahead.js";
import { checkBag } from "../archive/bag.js";
import { checkWacz } from "../archive/wacz_reader.js";
import { checkWarc } from "../archive/warc_reader.js";
import type { Bytes } from "../bytes.js";
import { EVIDENCE_LIST, MANIFEST, TAG_MANIFEST, TAG_SIGNATURE } from "../case/layout.js";
import { digestText, sha256OfBlob } from "../digest.js";
import { attempt, FormatError } from "../errors.js";
import { Examination, type Roots } from "../examination.js";
import type { Kind, OnProgress, Problem, Report } from "../models.js";
import { readBlob, Tree } from "../tree.js";
import { noteWacz } from "./archives.js";
import { checkBundle, type Progress, workAhead } from "./bundle.js";
import { CaseFiles } from "./files.js";
import { checkItem } from "./items.js";
import type { Outside } from "./outside.js";
import { checkReport, LIST_ATTACHMENT, LOG_ATTACHMENT } from "./report_pdf.js";

const SNIFFED = 256 * 1024;
const BUNDLE = [TAG_SIGNATURE, EVIDENCE_LIST, "data/case.json", "data/custody.jsonl", "data/custody.sig"];
const CASE = ["case.json", "custody.jsonl", "custody.sig"];
const BAG = ["bagit.txt", "bag-info.txt", TAG_MANIFEST];
const FOREIGN_BAG =
  "a BagIt bag, but no bundle of ours: it has no signature, no custody log and no evidence list; check its digests " +
  "with a program for bags";
const PAYLOAD =
  "the data folder of a bundle without the lists and the signature that lie beside it: give the whole bundle, which " +
  "is the folder above, or the zip";
const ONLY_THE_PROGRAM = "a case is checked where it is kept, with the program evidence-kit; this page checks what is handed over";

/** Against what is verified, and who hears of it. */
export interface Options {
  readonly roots: Roots;
  /** The time of verification, in milliseconds since 1970. */
  readonly now: number;
  readonly onProgress?: OnProgress;
  /** The file of the events that a bundle withholds, for whoever may see them. */
  readonly withheld?: Bytes;
  /** Receipts and anchor lists, to hold the custody log against. */
  readonly outside?: Outside;
  /** They take off work, with the same result. */
  readonly helpers?: OurHelpers;
}

/**
 * Verify *files* and return every check. A single file (zip, PDF, WACZ, WARC) is one entry without `/`; a folder is its
 * files with the paths below it, the name of the top folder first, and *emptyFolders* as far as they can be seen.
 */
export async function verifyFiles(
  files: readonly (readonly [path: string, blob: Blob])[],
  options: Options,
  emptyFolders: readonly string[] = [],
): Promise<Report> {
  const exam = new Examination(options.roots, options.now);
  exam.withheld = options.withheld;
  exam.outside = options.outside ?? {};
  exam.helpers = options.helpers;
  const progress = progressOf(files, options.onProgress);
  const [name, blob] = files[0] ?? ["", new Blob([])];
  const single = files.length === 1 && !name.includes("/");
  const subject = single ? name : (name.split("/")[0] ?? "");
  const found = await attempt(() =>
    single ? verifyFile(exam, name, blob, progress) : verifyFolder(exam, subject, files, emptyFolders, progress),
  );
  if (!(found instanceof FormatError)) return found;
  exam.failed("subject.readable", subject, found.message);
  return exam.report("unknown", subject, null);
}

function progressOf(files: readonly (readonly [string, Blob])[], hear: OnProgress | undefined): Progress {
  const total = files.reduce((sum, [, blob]) => sum + blob.size, 0);
  let done = 0;
  let at = "";
  return {
    step(step) {
      at = step;
      hear?.(at, done, total);
    },
    bytes(count) {
      done += count;
      hear?.(at, done, total);
    },
  };
}

async function verifyFolder(
  exam: Examination,
  subject: string,
  files: readonly (readonly [string, Blob])[],
  emptyFolders: readonly string[],
  progress: Progress,
): Promise<Report> {
  const top = `${subject}/`;
  if (!files.every(([name]) => name.startsWith(top))) {
    return unknown(exam, subject, "these files do not lie in one folder: choose the folder, or the zip, that holds them");
  }
  const below = (name: string): string => name.slice(top.length);
  const empty = emptyFolders.filter((name) => name.startsWith(top)).map(below);
  const tree = new Tree(files.map(([name, blob]) => [below(name), blob] as const), [], empty);
  // A folder of such a name is a mark, too.
  const marks = new Set(tree.names().flatMap((name) => [name, ...foldersOf(name)]));
  for (const folder of tree.emptyFolders) for (const name of [folder, ...foldersOf(folder)]) marks.add(name);
  const holds = (names: readonly string[]): boolean => names.some((name) => marks.has(name));
  if (holds(BUNDLE) || (await saysOurs(tree))) {
    const ahead = workAhead(exam, tree, progress, false);
    return ofOurs(exam, "bundle", subject, () => checkBundle(exam, tree, subject, progress, ahead));
  }
  if (holds(CASE) && holds(["evidence-sha256.txt"])) return unknown(exam, subject, PAYLOAD);
  if (holds(CASE)) {
    exam.gaveUp("subject.kind", subject, ONLY_THE_PROGRAM);
    return exam.report("case", subject, null);
  }
  if (holds(["item.json"])) return verifyItem(exam, subject, tree);
  if (holds(BAG)) {
    await noteFilesOfBag(exam, tree);
    return unknown(exam, subject, FOREIGN_BAG);
  }
  if (holds([MANIFEST])) return verifyItem(exam, subject, tree);
  return unknown(exam, subject, "the folder is neither a bundle nor a case nor an item");
}

/** Return the folders that a path leads through. */
function foldersOf(name: string): string[] {
  const parts = name.split("/");
  return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join("/"));
}

async function saysOurs(tree: Tree): Promise<boolean> {
  return tree.has("bag-info.txt") && latin(await readBlob(tree.blob("bag-info.txt").slice(0, SNIFFED), "bag-info.txt")).includes("Evidence-Kit-");
}

function latin(data: Uint8Array): string {
  return new TextDecoder("latin1").decode(data);
}

/** Check an item's folder that lies alone. */
async function verifyItem(exam: Examination, subject: string, tree: Tree): Promise<Report> {
  const files = new CaseFiles(tree, "");
  exam.notChecked("item.seal", subject, "the item lies alone: its seal and its custody log are not here");
  return ofOurs(exam, "item", subject, async () => {
    await checkItem(exam, files, "", "", undefined, { whole: false });
    return exam.report("item", subject, files.has(MANIFEST) ? digestText(await files.digest(MANIFEST)) : null);
  });
}

async function verifyFile(exam: Examination, name: string, file: Blob, progress: Progress): Promise<Report> {
  const start = await readBlob(file.slice(0, SNIFFED), name);
  if (latin(start.subarray(0, 1024)).includes("%PDF-")) return verifyPdf(exam, name, file);
  const packed = latin(start.subarray(0, 2)) === "PK";
  const zip = await attempt(() => readZip(file));
  const inside = zip instanceof FormatError ? [] : [...zip.entries.keys(), ...zip.problems.map(([entry]) => entry)];
  const names = new Set(inside.map((entry) => entry.slice(entry.indexOf("/") + 1 || entry.length)));
  if (BUNDLE.some((mark) => names.has(mark)) || (packed && latin(start).includes("Evidence-Kit-Format:"))) {
    return verifyZip(exam, name, file, zip, progress);
  }
  if (names.has("bagit.txt")) {
    const tree = zip instanceof FormatError ? zip : await attempt(() => treeOf(zip));
    if (!(tree instanceof FormatError)) await noteFilesOfBag(exam, tree);
    return unknown(exam, name, FOREIGN_BAG);
  }
  const found = packed ? await checkWacz(file) : undefined;
  if (found !== undefined) {
    noteWacz(exam, name, found.findings);
    return exam.report("wacz", name, digestText(await sha256OfBlob(file)));
  }
  return verifyWarc(exam, name, file);
}

async function verifyZip(
  exam: Examination,
  subject: string,
  file: Blob,
  zip: Zip | FormatError,
  progress: Progress,
): Promise<Report> {
  progress.step("zip");
  const tree = zip instanceof FormatError ? zip : await attempt(() => treeOf(zip));
  const ahead = tree instanceof FormatError ? undefined : workAhead(exam, tree, progress, true);
  const known = zip instanceof FormatError ? undefined : zip;
  const problems = (await checkCanonical(file, exam.helpers, known)).map((problem): Problem => [subject, problem]);
  const unsorted = !(zip instanceof FormatError) && problems.length === 0 && !isSorted([...zip.entries.keys()]);
  if (unsorted) problems.push([subject, "its entries are not sorted by path"]);
  exam.concluded("zip.canonical", subject, problems);
  if (tree instanceof FormatError) {
    exam.failed("subject.readable", subject, "the zip of a bundle cannot be opened");
    return exam.report("bundle", subject, null);
  }
  return ofOurs(exam, "bundle", subject, () => checkBundle(exam, tree, subject, progress, ahead));
}

/** Return the files below the one top folder of a zip; raises `FormatError` if there is not exactly one. */
function treeOf(zip: Zip): Tree {
  const names = [...zip.entries.keys()];
  const tops = new Set(names.map((name) => name.split("/")[0]));
  if (tops.size !== 1 || !names.every((name) => name.includes("/"))) {
    throw new FormatError(`the zip has ${tops.size} names at its top instead of one folder`);
  }
  return new Tree([...zip.entries].map(([name, blob]) => [name.slice(name.indexOf("/") + 1), blob] as const), zip.problems);
}

/** Run the check of something recognised as ours: what cannot be read of it is altered, not unverifiable. */
async function ofOurs(exam: Examination, kind: Kind, subject: string, check: () => Promise<Report>): Promise<Report> {
  const found = await attempt(check);
  if (!(found instanceof FormatError)) return found;
  exam.failed("subject.readable", subject, found.message);
  return exam.report(kind, subject, null);
}

async function verifyPdf(exam: Examination, name: string, file: Blob): Promise<Report> {
  const found = await checkReport(exam, name, file, [], new Map());
  if (found === undefined) return exam.report("unknown", name, null);
  const attached = new Map(found.attachments.map((attachment) => [attachment.name, attachment.sha256]));
  const ours = attached.has(LIST_ATTACHMENT) && attached.has(LOG_ATTACHMENT);
  if (!ours) {
    const why = "the PDF carries no evidence list and custody log: it is no report of ours";
    exam.failed("subject.kind", name, why);
  }
  const root = attached.get(LIST_ATTACHMENT);
  return exam.report(ours ? "report" : "unknown", name, root === undefined ? null : digestText(root));
}

async function verifyWarc(exam: Examination, name: string, file: Blob): Promise<Report> {
  let count = 0;
  const broken = await attempt(async () => {
    for await (const record of checkWarc(file)) {
      count += 1;
      if (record.failed) exam.failed("warc.records", `${name}#${record.offset} ${record.recordId}`.trimEnd(), record.detail);
    }
  });
  if (broken instanceof FormatError) {
    return unknown(exam, name, `neither bundle nor report, WACZ or WARC: ${broken.message}`);
  }
  if (!exam.hasFailed("warc.records")) exam.passed("warc.records", name, `${count} records`);
  return exam.report("warc", name, digestText(await sha256OfBlob(file)));
}

/** List the digest checks of somebody else's bag, as far as it has lists of SHA-256. */
async function noteFilesOfBag(exam: Examination, tree: Tree): Promise<void> {
  const { findings } = await checkBag(tree, []);
  for (const id of ["bag.payload", "bag.tag-file"]) {
    const found = findings.filter((finding) => finding.check === id);
    const failed = found.filter((finding) => finding.outcome === "failed");
    const problems = failed.map((finding): Problem => [finding.subject, finding.detail]);
    if (found.length > 0) exam.concluded(id, "", problems, `${found.length} looked at`);
  }
}

function unknown(exam: Examination, subject: string, detail: string): Promise<Report> {
  exam.failed("subject.kind", subject, detail);
  return exam.report("unknown", subject, null);
}
