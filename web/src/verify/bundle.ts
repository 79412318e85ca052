/** A bundle, as a folder or a zip, from the outside in, by the steps of evidence-format.md, 9. */

import { Ahead } from "../archive/ahead.js";
import { type BagReport, checkBag } from "../archive/bag.js";
import { parseManifest } from "../archive/manifests.js";
import { type Bytes, byCodePoint, equal } from "../bytes.js";
import { type JsonObject, parse } from "../canonical.js";
import {
  accountedFor,
  BAG_FILES,
  belongsToRoot,
  CHAIN_FILES,
  CHECKING_PAGE,
  EVIDENCE_LIST,
  isPrevious,
  isReport,
  LATER_SEAL,
  MANIFEST,
  PLAN,
  TAG_MANIFEST,
  TAG_SIGNATURE,
  TAG_TIME_STAMP,
} from "../case/layout.js";
import { CATALOGUE } from "../catalogue.js";
import type { Event } from "../custody/events.js";
import { withheldLines } from "../custody/withholding.js";
import { digestText, sha256 } from "../digest.js";
import { attempt, FormatError } from "../errors.js";
import type { Examination } from "../examination.js";
import type { Problem, Report } from "../models.js";
import type { PdfFindings } from "../pdf/findings.js";
import type { Tree } from "../tree.js";
import { utcText } from "../times.js";
import type { Certificate } from "../trust/certificates.js";
import type { SignatureFacts } from "../trust/cms.js";
import { checkCertificates } from "./certificates.js";
import { otherEncrypted } from "./encrypted.js";
import { CaseFiles } from "./files.js";
import { checkHistory, checkItems, checkRegistered, type History, readLog, stampTrusted } from "./history.js";
import { checkItem, checkSeal } from "./items.js";
import { plannedItems } from "./plan.js";
import { checkEarlier, readEarlier, readSignature, readToken } from "./previous.js";
import { checkReport, LIST_ATTACHMENT, LOG_ATTACHMENT } from "./report_pdf.js";
import { checkWithheld, openLog } from "./withheld.js";

const TRUST = "data/trust/";
const ITEM = /^items\/([^/]+)\/./;
/** Checks of this module; the others named `bag.` are those of the bag itself. */
const NOT_THE_BAGS: ReadonlySet<string> = new Set(["bag.info", "bag.signature", "bag.timestamp"]);

/** Hears what is done at the moment, and how many bytes were read since. */
export interface Progress {
  step(text: string): void;
  bytes(count: number): void;
}

/** Let helpers begin with the files of the bundle in *tree*, if there are any; *packed*: it is a zip. */
export function workAhead(exam: Examination, tree: Tree, progress: Progress, packed: boolean): Ahead | undefined {
  return exam.helpers && new Ahead(tree, "data/items/", exam.helpers, (count) => progress.bytes(count), { packed });
}

/** Check the bundle in *tree* and return the result; helpers are at work *ahead*, or nobody. */
export async function checkBundle(
  exam: Examination,
  tree: Tree,
  subject: string,
  progress: Progress,
  ahead: Ahead | undefined,
): Promise<Report> {
  progress.step("lists");
  const bag = await checkBag(tree, [TAG_SIGNATURE, TAG_TIME_STAMP], (count) => progress.bytes(count), ahead);
  noteBag(exam, bag);
  const files = new CaseFiles(tree, "data/", ahead);
  files.know(bag.digests);
  const certificates = await checkCertificates(exam, files, { bundle: true });
  let sealedBy = await checkTagSignature(exam, tree, certificates);
  const earlier = await readEarlier(exam, tree, certificates);
  if (earlier.length > 0) {
    sealedBy = earlier[0]?.facts;
    const stamped = earlier.map((form) => form.trusted).filter((time) => time !== undefined);
    if (stamped.length > 0) exam.sealedAt = Math.min(...stamped);
  }
  const sealers = exam.signerCertificates();
  const root = await checkEvidenceList(exam, tree, bag);
  progress.step("custody");
  const stored = await readLog(exam, files);
  const withheld = await withheldLines(stored[0]);
  const opened = await openLog(exam, stored, withheld);
  const history = await checkHistory(exam, files, certificates, opened, { bundle: true, opened: withheld });
  const items = [...new Set(files.names().flatMap((name) => ITEM.exec(name)?.[1] ?? []))].sort(byCodePoint);
  await checkWithheld(exam, files, history, withheld, items);
  await checkItems(exam, files, history, items);
  for (const item of items) {
    progress.step(`item ${item}`);
    await checkItem(exam, files, item, `items/${item}/`, certificates, { whole: false });
    await checkSeal(exam, files, item, certificates, history);
  }
  exam.concluded("case.strays", "", strays(tree, items));
  await checkEvent(exam, files, history, items);
  if (sealedBy !== undefined) checkSealer(exam, history, sealedBy);
  await checkInfo(exam, bag, tree, root);
  progress.step("report");
  const reports = await checkReports(exam, tree, certificates, bag, begunBy(history));
  await checkEarlier(exam, tree, bag, earlier, reports);
  // Who countersigns or renews need not be one of those who worked on the case.
  const later = earlier.length > 0 ? [...laterSigners(reports), ...sealers] : [];
  const others = later.filter((certificate) => certificate.fingerprint !== sealedBy?.certificate.fingerprint);
  checkRegistered(exam, history, sealers, { others });
  exam.facts.items = items;
  return exam.report("bundle", subject, root === undefined ? null : digestText(root));
}

function noteBag(exam: Examination, bag: BagReport): void {
  for (const id of CATALOGUE.filter((id) => id.startsWith("bag.") && !NOT_THE_BAGS.has(id))) {
    const found = bag.findings.filter((finding) => finding.check === id);
    const failed = found.filter((finding) => finding.outcome === "failed");
    const subject = found.length === 1 ? (found[0]?.subject ?? "") : "";
    const problems = failed.map((finding): Problem => [finding.subject, finding.detail]);
    exam.concluded(id, subject, problems, `${found.length} looked at`);
  }
}

/** Check signature and time stamp of the tag manifest; return what the signature says if it holds. */
async function checkTagSignature(
  exam: Examination,
  tree: Tree,
  certificates: readonly Certificate[],
): Promise<SignatureFacts | undefined> {
  const data = await attempt(() => tree.read(TAG_MANIFEST));
  if (data instanceof FormatError) {
    exam.failed("bag.signature", TAG_SIGNATURE, `what it should sign cannot be read: ${data.message}`);
    return undefined;
  }
  const stamped = await checkTagTimeStamp(exam, tree, sha256(data), certificates);
  exam.sealedAt = stamped;
  const facts = await attempt(() => readSignature(tree, "", TRUST, sha256(data), certificates));
  if (facts instanceof FormatError) {
    exam.failed("bag.signature", TAG_SIGNATURE, facts.message);
    return undefined;
  }
  exam.facts.sealed = utcText(facts.signingTime);
  await exam.signedBy(facts.certificate, certificates, stamped);
  return facts;
}

/** Check the time stamp of the tag manifest, if there is one; return its time if its authority is believed. */
async function checkTagTimeStamp(
  exam: Examination,
  tree: Tree,
  digest: Bytes,
  certificates: readonly Certificate[],
): Promise<number | undefined> {
  if (!tree.has(TAG_TIME_STAMP)) return undefined;
  const token = await attempt(() => readToken(tree, "", TRUST, digest, certificates));
  if (token instanceof FormatError) {
    exam.failed("bag.timestamp", TAG_TIME_STAMP, token.message);
    return undefined;
  }
  exam.passed("bag.timestamp", TAG_TIME_STAMP, utcText(token.time));
  exam.facts.bundle_time_stamp = utcText(token.time);
  return (await stampTrusted(exam, token.certificate, certificates, token.time)) ? token.time : undefined;
}

/** Return the fingerprint of the certificate that the last `bundle.started` names. */
function begunBy(history: History): string | undefined {
  return history.told.bundle?.certificate;
}

/** Who seals a bundle is who began it: another officer's key is as good, and says something else. */
function checkSealer(exam: Examination, history: History, seal: SignatureFacts): void {
  const begun = begunBy(history);
  const other = begun !== undefined && begun !== seal.certificate.fingerprint;
  const said = `${seal.certificate.subject}, ${utcText(seal.signingTime)} as claimed`;
  const why = `"${seal.certificate.subject}" signed it, and another certificate began the bundle`;
  exam.concluded("bag.signature", TAG_SIGNATURE, other ? [[TAG_SIGNATURE, why]] : [], said);
}

async function checkEvidenceList(exam: Examination, tree: Tree, bag: BagReport): Promise<Bytes | undefined> {
  const data = await attempt(() => tree.read(EVIDENCE_LIST));
  if (data instanceof FormatError) {
    exam.failed("evidence.list", EVIDENCE_LIST, data.message);
    return undefined;
  }
  const own = tree.names().filter((name) => belongsToRoot(name) && bag.digests.has(name));
  const wanted = new Map(own.map((name) => [name, bag.digests.get(name) as Bytes]));
  exam.concluded("evidence.list", EVIDENCE_LIST, await otherEvidence(data, wanted), `${wanted.size} files`);
  return sha256(data);
}

async function otherEvidence(data: Bytes, wanted: ReadonlyMap<string, Bytes>): Promise<Problem[]> {
  const listed = await attempt(() => parseManifest(data));
  if (listed instanceof FormatError) return [[EVIDENCE_LIST, listed.message]];
  const problems: Problem[] = [];
  for (const name of [...new Set([...listed.keys(), ...wanted.keys()])].sort(byCodePoint)) {
    const [stated, found] = [listed.get(name), wanted.get(name)];
    if (found === undefined) problems.push([name, "it is in the evidence list, and not in the bundle"]);
    else if (stated === undefined || !equal(stated, found)) {
      const said = stated === undefined ? "does not name it" : `has ${digestText(stated)}`;
      problems.push([name, `its digest is ${digestText(found)}, the evidence list ${said}`]);
    }
  }
  return problems;
}

function strays(tree: Tree, items: readonly string[]): Problem[] {
  const known = new Set([EVIDENCE_LIST, "data/case.json", "data/custody.jsonl", "data/custody.sig", `data/${PLAN}`]);
  for (const name of BAG_FILES) known.add(name);
  for (const name of CHAIN_FILES) known.add(`data/${name}`);
  for (const item of items) {
    known.add(`data/seals/${item}/${MANIFEST}.p7s`);
    known.add(`data/seals/${item}/${LATER_SEAL}`);
  }
  const found = tree.names().filter((name) => {
    if (known.has(name) || isReport(name)) return false;
    return !(name.startsWith("data/") && (accountedFor(name.slice("data/".length)) || isPrevious(name)));
  });
  return [...found, ...tree.emptyFolders].map((name) => [name, "it is not part of a bundle"]);
}

/** The log's copy ends with `bundle.started` and one `bundled` for each item in the bundle. */
async function checkEvent(
  exam: Examination,
  files: CaseFiles,
  history: History,
  items: readonly string[],
): Promise<void> {
  const { bundle: begun, bundled, behind } = history.told;
  const subject = files.shown("custody.jsonl");
  if (begun === undefined) {
    exam.failed("bundle.event", subject, "the custody log does not say that a bundle was begun");
    return;
  }
  const named = new Map(bundled.map((event) => [event.item, event]));
  const problems: Problem[] = items
    .filter((item) => !named.has(item))
    .map((item) => [files.shown(`items/${item}`), "the log does not say that it was put in"]);
  for (const [item, event] of named) {
    if (item === null || !items.includes(item)) problems.push([`event ${event.seq}`, `the item ${item} is missing`]);
  }
  for (const [seq, type] of behind) problems.push([`event ${seq}`, `a ${type} event follows the bundle's beginning`]);
  if (named.size !== bundled.length) problems.push([subject, "an item is put in twice"]);
  problems.push(...(await otherPlan(files, begun, bundled)));
  for (const event of named.values()) {
    const name = `items/${event.item}/${MANIFEST}`;
    if (files.has(name) && !same(event.digests.get(name), await files.digest(name))) {
      problems.push([`event ${event.seq}`, `${name} was put in with the digest ${shown(event.digests.get(name))}`]);
    }
  }
  problems.push(...(await otherEncrypted(files, begun, items)));
  exam.concluded("bundle.event", subject, problems, `${named.size} items`);
  exam.facts.purpose = begun.purpose;
}

async function otherPlan(files: CaseFiles, begun: Event, bundled: readonly Event[]): Promise<Problem[]> {
  const [name, planned] = [files.shown(PLAN), begun.digests.get(PLAN)];
  const found = files.has(PLAN) ? await files.digest(PLAN) : undefined;
  const problems: Problem[] = [];
  if (!same(planned, found)) {
    problems.push([name, `its digest is ${shown(found)}, event ${begun.seq} has ${shown(planned)}`]);
  }
  if (found === undefined) return problems;
  const items = await attempt(async () => plannedItems(await files.read(PLAN)));
  if (items instanceof FormatError) return [...problems, [name, items.message]];
  if (items.length !== bundled.length || items.some((item, at) => item !== bundled[at]?.item)) {
    problems.push([name, "its exhibits are not the items that the log says were put in, in their order"]);
  }
  return problems;
}

function same(one: Bytes | undefined, other: Bytes | undefined): boolean {
  return one === undefined || other === undefined ? one === other : equal(one, other);
}

function shown(digest: Bytes | undefined): string {
  return digest === undefined ? "none" : digestText(digest);
}

async function checkInfo(exam: Examination, bag: BagReport, tree: Tree, root: Bytes | undefined): Promise<void> {
  const stamped = tree.has(TAG_TIME_STAMP);
  const wanted: readonly (readonly [string, string | undefined])[] = [
    ["Evidence-Kit-Format", "1"],
    ["Evidence-Kit-Root", root === undefined ? undefined : digestText(root)],
    ["Evidence-Kit-Time-Stamp", stamped ? "present" : "none"],
    ["External-Identifier", await caseNumber(tree)],
  ];
  const fields = new Map(bag.info);
  const problems: Problem[] = [];
  for (const [name, value] of wanted) {
    const found = fields.get(name);
    if (found !== value) problems.push(["bag-info.txt", `${name} is "${found}", it ought to be "${value}"`]);
    const count = bag.info.filter(([field]) => field === name).length;
    if (count > 1) problems.push(["bag-info.txt", `${name} stands more than once`]);
  }
  if (fields.get("Evidence-Kit-Time-Stamp") === "present" && !stamped) problems.push([TAG_TIME_STAMP, "it is missing"]);
  for (const name of ["README.txt", CHECKING_PAGE]) {
    if (!tree.has(name)) problems.push([name, "it is missing"]);
  }
  for (const finding of bag.findings) {
    if (finding.check === "bag.info" && finding.outcome === "failed") problems.push([finding.subject, finding.detail]);
  }
  exam.concluded("bag.info", "bag-info.txt", problems);
}

async function caseNumber(tree: Tree): Promise<string | undefined> {
  const value = await attempt(async () => parse(await tree.read("data/case.json")));
  if (value instanceof FormatError) return undefined; // told by the checks of case.json itself
  const number = typeof value === "object" && value !== null ? (value as JsonObject).number : undefined;
  return typeof number === "string" ? number : undefined;
}

/** Check the reports and return what was found in those that could be examined. */
async function checkReports(
  exam: Examination,
  tree: Tree,
  certificates: readonly Certificate[],
  bag: BagReport,
  signer: string | undefined,
): Promise<Map<string, PdfFindings>> {
  const foundIn = new Map<string, PdfFindings>();
  const reports = tree.names().filter(isReport);
  const wanted = new Map<string, Bytes>();
  for (const [attachment, name] of [
    [LIST_ATTACHMENT, EVIDENCE_LIST],
    [LOG_ATTACHMENT, "data/custody.jsonl"],
  ] as const) {
    const digest = bag.digests.get(name);
    if (digest !== undefined) wanted.set(attachment, digest);
  }
  if (reports.length === 0) exam.failed("report.signature", "data/report.pdf", "it is missing");
  for (const name of reports) {
    const found = await attempt(() => checkReport(exam, name, tree.blob(name), certificates, wanted));
    if (found instanceof FormatError) {
      exam.failed("report.signature", name, `it cannot be read: ${found.message}`);
      continue;
    }
    if (found === undefined) continue;
    foundIn.set(name, found);
    const first = found.signatures[0];
    if (first?.certificate !== undefined && signer !== undefined && first.certificate.fingerprint !== signer) {
      const why = `"${first.certificate.subject}" signed it first, and another certificate began the bundle`;
      exam.failed("report.signature", `${name}#${first.field}`, why);
    }
  }
  return foundIn;
}

function laterSigners(reports: ReadonlyMap<string, PdfFindings>): Certificate[] {
  const later = [...reports.values()].flatMap((found) => found.signatures.slice(1));
  return later.flatMap((signature) => signature.certificate ?? []);
}
