/**
 * The earlier forms of a bundle inside it: `data/previous/01/`, `02/`… (evidence-format.md, 7, "Earlier forms").
 *
 * Each must still be there as it was sealed: its own lists and seals are kept under its number, everything else is in
 * the bundle unchanged, and its reports are the beginnings of the reports.
 */

import { type BagReport, parseInfo } from "../archive/bag.js";
import { parseManifest } from "../archive/manifests.js";
import { type Bytes, byCodePoint, equal, hex } from "../bytes.js";
import {
  BAG_FILES,
  CERTIFICATE,
  CHAIN_FILES,
  isPrevious,
  isReport,
  MANIFEST,
  PREVIOUS,
  STATEMENT,
  TAG_MANIFEST,
  TAG_SIGNATURE,
  TAG_TIME_STAMP,
} from "../case/layout.js";
import { digestText, sha256 } from "../digest.js";
import { attempt, FormatError } from "../errors.js";
import type { Examination } from "../examination.js";
import type { Problem } from "../models.js";
import { isWholeAndValid, type PdfFindings } from "../pdf/findings.js";
import { utcText } from "../times.js";
import type { Tree } from "../tree.js";
import { type Certificate, loadCertificates } from "../trust/certificates.js";
import { type SignatureFacts, verifyDetached } from "../trust/cms.js";
import { readReply, type Token } from "../trust/timestamps.js";
import { stampTrusted } from "./history.js";
import { beginnings, type Starts } from "./report_beginnings.js";

const ID = "bundle.previous";
/** What is added to a report: a signature `s`, a document time stamp `t`. */
const FIRST: ReadonlySet<string> = new Set(["s", "st"]);
const NEXT: ReadonlySet<string> = new Set(["s", "st", "t"]);

/** An earlier form whose seals could be read; oldest first. */
export interface Earlier {
  /** `data/previous/NN/` */
  readonly folder: string;
  readonly tagManifest: Bytes;
  readonly facts: SignatureFacts;
  /** The time in its time stamp, if the authority is believed. */
  readonly trusted: number | undefined;
}

/**
 * Read the time stamp over the list of lists with the *digest* in *folder*; *trust* is where its chain files are.
 *
 * Raises `FormatError` for one that does not hold, or that holds other certificates than those files.
 */
export async function readToken(
  tree: Tree,
  folder: string,
  trust: string,
  digest: Bytes,
  certificates: readonly Certificate[],
): Promise<Token> {
  const token = await readReply(await tree.read(folder + TAG_TIME_STAMP), digest, certificates);
  await wantCertificates(tree, token.embedded, `${trust}tsa.pem`);
  return token;
}

/** Read the signature in the same way as `readToken` the time stamp. */
export async function readSignature(
  tree: Tree,
  folder: string,
  trust: string,
  digest: Bytes,
  certificates: readonly Certificate[],
): Promise<SignatureFacts> {
  const facts = await verifyDetached(await tree.read(folder + TAG_SIGNATURE), digest, certificates);
  await wantCertificates(tree, facts.embedded, `${trust}signer.pem`, `${trust}chain.pem`);
  const signers = loadCertificates(await tree.read(`${trust}signer.pem`));
  if (signers.length !== 1 || signers[0]?.same(facts.certificate) !== true) {
    throw new FormatError(`it was made by another certificate than ${trust}signer.pem`);
  }
  return facts;
}

/** Refuse, with `FormatError`, a seal that holds other certificates than the files, which are in the lists. */
async function wantCertificates(tree: Tree, embedded: readonly Certificate[], ...names: string[]): Promise<void> {
  const wanted = new Set<string>();
  for (const name of names) {
    for (const each of loadCertificates(await tree.read(name))) wanted.add(each.fingerprint);
  }
  const found = new Set(embedded.map((each) => each.fingerprint));
  if (found.size !== wanted.size || [...found].some((print) => !wanted.has(print))) {
    throw new FormatError(`it does not hold exactly the certificates in ${names.join(" and ")}`);
  }
}

/** Check the seals of every earlier form and note who made them; return the forms whose seals hold. */
export async function readEarlier(
  exam: Examination,
  tree: Tree,
  certificates: readonly Certificate[],
): Promise<Earlier[]> {
  const numbers = tree
    .names()
    .map((name) => (name.startsWith("data/") ? PREVIOUS.exec(name.slice(5))?.[1] : undefined));
  const found = [];
  for (const number of [...new Set(numbers)].sort()) {
    if (number === undefined) continue;
    const folder = `data/previous/${number}/`;
    const form = await attempt(() => readForm(exam, tree, folder, certificates));
    if (form instanceof FormatError) exam.failed(ID, folder, form.message);
    else found.push(form);
  }
  return found;
}

async function readForm(
  exam: Examination,
  tree: Tree,
  folder: string,
  certificates: readonly Certificate[],
): Promise<Earlier> {
  const digest = sha256(await tree.read(folder + TAG_MANIFEST));
  const trust = `${folder}trust/`;
  let [trusted, stamped]: (number | undefined)[] = [];
  if (tree.has(folder + TAG_TIME_STAMP)) {
    const token = await readToken(tree, folder, trust, digest, certificates);
    stamped = token.time;
    if (await stampTrusted(exam, token.certificate, certificates, token.time)) trusted = token.time;
  }
  const facts = await readSignature(tree, folder, trust, digest, certificates);
  await exam.signedBy(facts.certificate, certificates, trusted);
  const told = exam.facts.previous;
  exam.facts.previous = [
    ...(Array.isArray(told) ? told : []),
    {
      name: facts.certificate.subject,
      sealed: utcText(facts.signingTime),
      stamped: stamped === undefined ? null : utcText(stamped),
    },
  ];
  return { folder, tagManifest: digest, facts, trusted };
}

/**
 * Check that each of *earlier* is contained in the bundle, none is missing, and nothing came that may not.
 *
 * A report that does not hold is told by `report.signature`; what it begins with depends on how it is read.
 */
export async function checkEarlier(
  exam: Examination,
  tree: Tree,
  bag: BagReport,
  earlier: readonly Earlier[],
  examined: ReadonlyMap<string, PdfFindings>,
): Promise<void> {
  const reports = new Map([...examined].filter(([, found]) => isWholeAndValid(found)));
  const starts = earlier.length > 0 ? await beginnings(tree, reports) : new Map<string, ReadonlyMap<string, number>>();
  const problems = await chain(tree, earlier);
  for (const [index, form] of earlier.entries()) {
    const found = await attempt(() => contained(tree, bag, form, index + 1, starts));
    problems.push(...(found instanceof FormatError ? ([[form.folder, found.message]] as const) : found));
  }
  if (problems.length === 0) problems.push(...(await grown(tree, earlier, reports, starts)));
  if (earlier.length > 0 || problems.length > 0) {
    exam.concluded(ID, "data/previous", problems, `${earlier.length} earlier forms`);
  }
}

/** Each form names the list of lists of the one before it. */
async function chain(tree: Tree, earlier: readonly Earlier[]): Promise<Problem[]> {
  const problems: Problem[] = [];
  if (earlier.some(({ folder }, index) => folder !== `data/previous/${String(index + 1).padStart(2, "0")}/`)) {
    problems.push(["data/previous", "the earlier forms are not numbered one after the other"]);
  }
  let before: string | undefined;
  const forms = earlier.map(({ folder, tagManifest }) => [folder, digestText(tagManifest)] as const);
  for (const [folder, digest] of [...forms, ["", undefined] as const]) {
    const name = `${folder}bag-info.txt`;
    const fields = await attempt(async () => new Map(parseInfo(await tree.read(name))));
    if (fields instanceof FormatError) problems.push([name, fields.message]);
    else if (fields.get("Evidence-Kit-Previous") !== before) {
      const said = fields.get("Evidence-Kit-Previous");
      problems.push([name, `the earlier form is ${shown(said)}, it ought to be ${shown(before)}`]);
    }
    before = digest;
  }
  return problems;
}

function shown(value: string | undefined): string {
  return value === undefined ? "none" : `"${value}"`;
}

/** From form to form a report grew by a signature, by one with its document time stamp, or by such a stamp alone. */
async function grown(
  tree: Tree,
  earlier: readonly Earlier[],
  reports: ReadonlyMap<string, PdfFindings>,
  starts: Starts,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const [name, { signatures }] of reports) {
    const made = signatures.map(({ level }) => (level === "document timestamp" ? "t" : "s")).join("");
    const ends = [0];
    for (const { folder } of earlier) {
      const digest = parseManifest(await tree.read(folder + MANIFEST)).get(name);
      const count = digest && starts.get(name)?.get(hex(digest));
      if (count !== undefined) ends.push(count); // else told by `contained`
    }
    ends.push(made.length);
    const [first = "", ...rest] = ends.slice(1).map((end, index) => made.slice(ends[index], end));
    if (!FIRST.has(first) || !rest.every((step) => NEXT.has(step))) {
      problems.push([name, "its signatures and time stamps are not those of the forms of the bundle that are here"]);
    }
  }
  return problems;
}

/** Return what of *form* is not as it was; raises `FormatError` for lists that cannot be read. */
async function contained(
  tree: Tree,
  bag: BagReport,
  form: Earlier,
  number: number,
  starts: Starts,
): Promise<Problem[]> {
  const { folder } = form;
  const problems: Problem[] = [];
  const tags = parseManifest(await tree.read(folder + TAG_MANIFEST));
  const own = [...BAG_FILES].filter((name) => ![TAG_MANIFEST, TAG_SIGNATURE, TAG_TIME_STAMP].includes(name));
  for (const name of [...new Set([...tags.keys(), ...own])].sort(byCodePoint)) {
    if (tags.has(name) && own.includes(name)) continue;
    problems.push([folder + name, "the earlier form had other files beside its data"]);
  }
  for (const [name, digest] of tags) {
    if (same(bag.digests.get(folder + name), digest)) continue;
    problems.push([folder + name, `its digest is not the one that was sealed, ${digestText(digest)}`]);
  }
  const listed = parseManifest(await tree.read(folder + MANIFEST));
  for (const [name, digest] of listed) {
    const inside = name.startsWith("data/") ? name.slice("data/".length) : name;
    const here = CHAIN_FILES.has(inside) ? folder + inside : name;
    const kept =
      isReport(name) && tree.has(name)
        ? starts.get(name)?.has(hex(digest)) !== false
        : same(bag.digests.get(here), digest);
    if (!kept) problems.push([here, `it is not what the earlier form ${number} held, ${digestText(digest)}`]);
  }
  for (const name of tree.names()) {
    if (!name.startsWith("data/") || listed.has(name) || mayCome(name.slice("data/".length), number)) continue;
    problems.push([name, `it was not in the earlier form ${number}`]);
  }
  return [...problems, ...(await otherInfo(tree, bag, folder))];
}

async function otherInfo(tree: Tree, bag: BagReport, folder: string): Promise<Problem[]> {
  const info = new Map(parseInfo(await tree.read(`${folder}bag-info.txt`)));
  const current = new Map(bag.info);
  const wanted: readonly (readonly [string, string | undefined])[] = [
    ["Evidence-Kit-Root", current.get("Evidence-Kit-Root")],
    ["External-Identifier", current.get("External-Identifier")],
    ["Evidence-Kit-Time-Stamp", tree.has(folder + TAG_TIME_STAMP) ? "present" : "none"],
  ];
  return wanted
    .filter(([key, value]) => info.get(key) !== value)
    .map(([key, value]) => [
      `${folder}bag-info.txt`,
      `${key} is ${shown(info.get(key))}, it ought to be ${shown(value)}`,
    ]);
}

function same(one: Bytes | undefined, other: Bytes): boolean {
  return one !== undefined && equal(one, other);
}

/** Whether a file of `data/` may have come after the form *number*: certificates, statements, later forms. */
function mayCome(name: string, number: number): boolean {
  const match = PREVIOUS.exec(name);
  if (match !== null) return Number(match[1]) >= number && isPrevious(`data/${name}`);
  return CERTIFICATE.test(name) || STATEMENT.test(name) || CHAIN_FILES.has(name);
}
