/**
 * Checks a WACZ (1.0 to 1.2, of any tool) without unpacking it: its zip, its lists, its signature, its WARC records.
 *
 * Every finding is a value; nothing in a file makes this raise. The anonymous signature shows that the file is whole
 * since somebody finished it, never who that was; domain signatures (wacz-auth) are named and not checked here.
 */

import { type Bytes, concat, equal, unbase64, unhex, utf8 } from "../bytes.js";
import { passing, sha256 } from "../digest.js";
import { shorten } from "../display.js";
import { attempt, FormatError } from "../errors.js";
import { discard, Held, LARGEST_HELD } from "../held.js";
import type { Json, Outcome } from "../models.js";
import { held, readBlob } from "../tree.js";
import { askSums, type OurHelpers } from "./ahead.js";
import { DigestCheck } from "./digest_labels.js";
import { jsonObject } from "./outside_json.js";
import { indexProblems, isIndex, isIndexOf, RecordIndex } from "./own_index.js";
import { OwnWarc, type Resource } from "./own_warc.js";
import { checkWarc, reading, type RecordFinding } from "./warc_reader.js";
import { checkCanonical, readZip, type Zip } from "./zip.js";

const [PACKAGE, PROOF, PAGES] = ["datapackage.json", "datapackage-digest.json", "pages/pages.jsonl"] as const;
const [ARCHIVE_NAME, INDEX] = ["data.warc.gz", "indexes/index.cdx"] as const;
const ARCHIVE = `archive/${ARCHIVE_NAME}`;
const LARGEST_JSON = 32 * 1024 * 1024;
const LARGEST_PAGES = 256 * 1024 * 1024;
/** Failed records of one WARC that are listed one by one. */
const MOST_FINDINGS = 1000;
/** What stands before the point in the SubjectPublicKeyInfo of a P-384 key (RFC 5480): there is one DER of each. */
const P384 = unhex("3076301006072a8648ce3d020106052b8104002203620004");
const POINT = 96;

type JsonMap = ReadonlyMap<string, Json>;

/** What one check found. */
export interface WaczFinding {
  /**
   * `wacz.zip`, `.datapackage`, `.resource`, `.stray`, `.digest`, `.transport`, `.pages`, `.index`; `warc.file` for one
   * WARC as a whole, `warc.record` for one record that fails.
   */
  readonly check: string;
  /** Name of the entry; for a record followed by `#`, its offset, and its id. */
  readonly subject: string;
  readonly outcome: Outcome;
  readonly detail: string;
}

/** Everything `checkWacz` found. */
export interface WaczFindings {
  readonly findings: readonly WaczFinding[];
  /** SHA-256 of the key that made the anonymous signature, if there is one. */
  readonly spkiSha256: Bytes | undefined;
  /** Of our own archives: the resource records, in order. */
  readonly resources: readonly Resource[];
}

interface Listed {
  readonly digest: string;
  readonly bytes: Json | undefined;
}

interface Options {
  readonly ours?: boolean;
  readonly helpers?: OurHelpers | undefined;
}

/**
 * Check a WACZ completely; with *ours* also every byte of its zip, every record and the index as we write them.
 *
 * The digests and checksums of what is large are counted by *helpers*, if there are any.
 */
export async function checkWacz(file: Blob, { ours = false, helpers }: Options = {}): Promise<WaczFindings> {
  const check = new WaczCheck(ours ? new OwnWarc(ARCHIVE_NAME) : undefined, helpers);
  const found = await attempt(async () => {
    const whole = await held(file, "it");
    const zip = await attempt(() => readZip(whole));
    const known = zip instanceof FormatError ? undefined : zip;
    // Helpers may be busy with other files: what they count is waited for last.
    const form = ours ? attempt(() => checkCanonical(whole, helpers, known)) : [];
    const end = zip instanceof FormatError ? zip : await attempt(() => check.run(zip));
    const problems = await form;
    if (whole !== file && whole instanceof Held) discard(whole.data);
    return problems instanceof FormatError ? problems : [...ofForm(problems, known), ...check.findings, ...ofZip(end)];
  });
  if (found instanceof FormatError) return { findings: ofZip(found), spkiSha256: undefined, resources: [] };
  return { findings: found, spkiSha256: check.spkiSha256, resources: check.own?.resources ?? [] };
}

/** Return the finding that a zip cannot be read further, if so. */
function ofZip(end: FormatError | void): WaczFinding[] {
  return end instanceof FormatError ? [findingOf("wacz.zip", "", end.message)] : [];
}

/** Return what is to say about the form of a zip, which holds every *problem*. */
function ofForm(problems: readonly string[], zip: Zip | undefined): WaczFinding[] {
  const found = problems.map((problem) => findingOf("wacz.zip", "", problem));
  for (const [name, problem] of zip?.problems ?? []) found.push(findingOf("wacz.zip", name, problem));
  return found.length > 0 || zip === undefined ? found : [findingOf("wacz.zip", "")];
}

/** Return a finding that failed with *problem*, or passed without. */
function findingOf(check: string, subject: string, problem = ""): WaczFinding {
  return { check, subject, outcome: problem === "" ? "passed" : "failed", detail: problem };
}

/** One run over one WACZ. */
class WaczCheck {
  readonly findings: WaczFinding[] = [];
  spkiSha256: Bytes | undefined;
  private package: JsonMap = new Map();

  /** *own* for an archive that has to keep our own rules. */
  constructor(
    readonly own: OwnWarc | undefined,
    private readonly helpers: OurHelpers | undefined,
  ) {}

  private note(check: string, subject: string, problem = ""): void {
    this.findings.push(findingOf(check, subject, problem));
  }

  /** Look at everything in the zip, in the order a person would. */
  async run(zip: Zip): Promise<void> {
    const data = await this.readPackage(zip);
    const listed = this.resources();
    for (const [name, entry] of zip.entries) {
      if (name === PACKAGE || name === PROOF) continue;
      if (!listed.has(name)) this.note("wacz.stray", name, "it is not listed in datapackage.json");
      await this.entry(name, entry, listed.get(name));
    }
    for (const name of listed.keys()) if (!zip.entries.has(name)) this.note("wacz.resource", name, "it is missing");
    await this.proof(zip, data);
    await this.pages(zip);
    if (this.own !== undefined) await this.index(zip, this.own);
  }

  private async readPackage(zip: Zip): Promise<Uint8Array> {
    const data = await this.tried("wacz.datapackage", PACKAGE, async () => {
      const found = await read(zip, PACKAGE, LARGEST_JSON);
      this.package = jsonObject(found);
      return found;
    });
    if (data !== undefined) this.note("wacz.datapackage", PACKAGE);
    return data ?? new Uint8Array(0);
  }

  /** Return digest and size of every listed resource, by path. */
  private resources(): Map<string, Listed> {
    const listed = new Map<string, Listed>();
    const resources = this.package.get("resources");
    if (!Array.isArray(resources)) {
      if (this.package.size > 0) this.note("wacz.datapackage", PACKAGE, "it lists no resources");
      return listed;
    }
    for (const resource of resources as readonly Json[]) {
      const [path, digest, bytes] = ["path", "hash", "bytes"].map((key) => member(resource, key));
      if (typeof path !== "string" || typeof digest !== "string") {
        this.note("wacz.datapackage", PACKAGE, `not a resource: ${shorten(JSON.stringify(resource))}`);
      } else if (listed.has(path)) {
        this.note("wacz.datapackage", PACKAGE, `${shorten(path)} is listed twice`);
      } else {
        listed.set(path, { digest, bytes });
      }
    }
    return listed;
  }

  /** Read an entry once: for its own digest, and if it is a WARC for the records in it. */
  private async entry(name: string, entry: Blob, expected: Listed | undefined): Promise<void> {
    const asked = this.helpers && entry.size > LARGEST_HELD ? askSums(entry, this.helpers) : undefined;
    const digest = await DigestCheck.of(expected?.digest ?? null);
    const whole = entry instanceof Held || asked !== undefined;
    const next = reading(entry, whole ? undefined : (piece) => digest.update(piece));
    const records: WaczFinding[] = [];
    if (name.startsWith("archive/")) await this.records(name, entry.size, next, records);
    while (!whole && (await next()).length > 0);
    if (entry instanceof Held) digest.takeWhole(entry.data);
    if (asked !== undefined && !digest.takeCounted("sha256", (await asked)?.sha256)) {
      for await (const piece of passing(entry)) digest.update(piece);
    }
    await digest.finish();
    if (expected !== undefined) this.note("wacz.resource", name, compared(digest, entry.size, expected));
    this.findings.push(...records);
  }

  /** Note every record that fails, and then the WARC *name* as a whole. */
  private async records(name: string, size: number, next: () => Promise<Uint8Array>, found: WaczFinding[]): Promise<void> {
    const own = name === ARCHIVE ? this.own : undefined;
    const counts = new Map<string, number>();
    let failed = 0;
    const note = (subject: string, detail: string): void => {
      failed += 1;
      if (failed <= MOST_FINDINGS) found.push({ check: "warc.record", subject, outcome: "failed", detail });
    };
    try {
      for await (const record of checkWarc(next)) {
        for (const outcome of [`block ${record.block}`, `payload ${record.payload}`]) {
          counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
        }
        const broken = own?.problems(record) ?? [];
        if (!record.failed && broken.length === 0) continue;
        note(recordSubject(name, record), [record.detail, ...broken].filter((detail) => detail !== "").join("; "));
      }
      for (const [offset, problem] of own?.conclude(size) ?? []) note(`${name}#${offset}`, problem);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      found.push({ check: "warc.file", subject: name, outcome: "failed", detail: error.message });
      return;
    }
    const told = [...counts].map(([outcome, count]) => `${count} ${outcome}`);
    const detail = failed > 0 ? `${failed} records or stretches fail (${told.join(", ")})` : told.join(", ");
    found.push({ check: "warc.file", subject: name, outcome: failed > 0 ? "failed" : "passed", detail });
  }

  private async proof(zip: Zip, data: Uint8Array): Promise<void> {
    if (!zip.entries.has(PROOF)) return this.skip("wacz.digest", "the WACZ has none");
    const proof = await this.tried("wacz.digest", PROOF, async () => jsonObject(await read(zip, PROOF, LARGEST_JSON)));
    if (proof === undefined) return;
    const stated = proof.get("hash");
    const digest = await DigestCheck.of(typeof stated === "string" ? stated : "");
    digest.update(data);
    await digest.finish();
    let problem = digest.outcome() === "ok" ? "" : `it says ${shorten(shown(stated))}, found ${digest.found()}`;
    if (problem === "" && proof.get("path") !== PACKAGE) problem = `it is about ${shorten(shown(proof.get("path")))}`;
    this.note("wacz.digest", PROOF, problem);
    await this.signature(proof.get("signedData"), shown(stated));
  }

  private async signature(signed: Json | undefined, stated: string): Promise<void> {
    if (signed === undefined || signed === null) return this.skip("wacz.transport", "it is not signed");
    if (typeof signed !== "object" || Array.isArray(signed)) {
      return this.note("wacz.transport", PROOF, "its signedData is not an object");
    }
    if (member(signed, "publicKey") === undefined) {
      return this.skip("wacz.transport", `signed for a domain: ${shorten(shown(member(signed, "domain")))}`);
    }
    const [spki, signature] = ["publicKey", "signature"].map((name) => encoded(member(signed, name))) as [Bytes, Bytes];
    this.spkiSha256 = sha256(spki);
    let problem = "";
    if (!(await checkAnonymous(utf8(stated.replace(/\p{Cs}/gu, "?")), spki, signature))) {
      problem = "the anonymous signature is not one over this digest";
    } else if (!same(member(signed, "hash"), stated) || !same(member(signed, "created"), this.package.get("created"))) {
      problem = "its digest or time of creation is not that of datapackage.json";
    }
    this.note("wacz.transport", PROOF, problem);
  }

  private async pages(zip: Zip): Promise<void> {
    if (!zip.entries.has(PAGES)) return this.note("wacz.pages", PAGES, "it is missing");
    const ids = await this.tried("wacz.pages", PAGES, async () => pageIds(await read(zip, PAGES, LARGEST_PAGES)));
    if (ids === undefined) return;
    const strays = [...(this.own?.pageIds ?? [])].filter((id) => !ids.has(id)).sort();
    const problem = `records belong to a page that it does not have: ${shorten(strays.join(", "))}`;
    this.note("wacz.pages", PAGES, strays.length > 0 ? problem : "");
  }

  /** Compare the index with the one that its records make, and see that there is nothing else to index. */
  private async index(zip: Zip, own: OwnWarc): Promise<void> {
    for (const name of zip.entries.keys()) {
      const inside = name.startsWith("archive/") || name.startsWith("indexes/");
      if (inside && name !== ARCHIVE && name !== INDEX) this.note("wacz.index", name, "the kit writes no such file");
    }
    if (await isListed(zip, own)) return this.note("wacz.index", INDEX);
    const expected = await wholeIndex(zip);
    // A longer one is not read to its end: it is wrong in any case.
    const most = expected.reduce((sum, line) => sum + line.length, LARGEST_JSON);
    const found = await this.tried("wacz.index", INDEX, () => read(zip, INDEX, most));
    if (found === undefined) return;
    if (isIndex(expected, found)) return this.note("wacz.index", INDEX);
    let count = 0;
    for (const problem of indexProblems(expected, found)) {
      if (count++ === MOST_FINDINGS) break;
      this.note("wacz.index", INDEX, problem);
    }
  }

  private async tried<T>(check: string, subject: string, action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.note(check, subject, error.message);
      return undefined;
    }
  }

  /** Add a finding about the proof that could not be checked. */
  private skip(check: string, detail: string): void {
    this.findings.push({ check, subject: PROOF, outcome: "not-checked", detail });
  }
}

/** Return whether the index of *zip* is the one that the records make, as far as they need not be at hand for it. */
async function isListed(zip: Zip, own: OwnWarc): Promise<boolean> {
  const expected = own.indexSum();
  const index = zip.entries.get(INDEX);
  if (expected === undefined || index === undefined) return false;
  return (await attempt(() => isIndexOf(expected, index))) === true;
}

/** Return the index that the records of *zip* make, as far as they can be read: they are gone through once more. */
async function wholeIndex(zip: Zip): Promise<string[]> {
  const index = new RecordIndex();
  await attempt(async () => {
    const archive = zip.entries.get(ARCHIVE);
    if (archive === undefined) return;
    for await (const { record } of checkWarc(archive)) if (record !== undefined) index.add(record);
  });
  return index.texts(ARCHIVE_NAME);
}

/** Return how a record is named in findings: its file, its offset, and its id if it has one. */
function recordSubject(name: string, record: RecordFinding): string {
  return `${name}#${record.offset}${record.recordId === "" ? "" : ` ${shorten(record.recordId)}`}`;
}

/** Return whether the signature, r and s, is one over *message* by the P-384 key *spki*; anything malformed is false. */
async function checkAnonymous(message: Bytes, spki: Bytes, signature: Bytes): Promise<boolean> {
  if (signature.length !== POINT || spki.length !== P384.length + POINT) return false;
  if (!equal(spki.subarray(0, P384.length), P384)) return false;
  let key: CryptoKey;
  try {
    key = await crypto.subtle.importKey("spki", spki, { name: "ECDSA", namedCurve: "P-384" }, false, ["verify"]);
  } catch (error) {
    if (error instanceof DOMException) return false; // a point that is not on the curve
    throw error;
  }
  return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, signature, message);
}

function compared(digest: DigestCheck, size: number, stated: Listed): string {
  if (digest.outcome() !== "ok") return `its digest is ${digest.found()}, datapackage.json says ${shorten(stated.digest)}`;
  const { bytes } = stated;
  // Python counts true as one and false as none.
  const said = typeof bytes === "boolean" ? Number(bytes) : bytes;
  if (said === undefined || said === null || said === size) return "";
  return `it has ${size} bytes, datapackage.json says ${shorten(shown(bytes))}`;
}

/** Return the ids of a page list; raises `FormatError` naming the line. */
function pageIds(data: Bytes): Set<string> {
  const found = new Set<string>();
  let number = 0;
  for (let at = 0; at < data.length; ) {
    const next = data.indexOf(10, at);
    const line = data.subarray(at, next < 0 ? data.length : next);
    at += line.length + 1;
    number += 1;
    if (line.every((byte) => byte === 0x20 || (byte >= 9 && byte <= 13))) continue;
    const page = jsonObject(line, `line ${number}`);
    if (!page.has("format")) found.add(shown(page.get("id")));
  }
  return found;
}

async function read(zip: Zip, name: string, limit: number): Promise<Bytes> {
  const entry = zip.entries.get(name);
  if (entry === undefined) throw new FormatError(`there is no entry ${shorten(name)} in the zip`);
  if (entry.size > limit) throw new FormatError(`entry ${shorten(name)} is larger than ${limit} bytes`);
  return readBlob(entry, name);
}

/** Return a value as Python shows it, as far as it is no array and no object. */
function shown(value: Json | undefined): string {
  if (typeof value === "string") return value;
  if (value === undefined || value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  return JSON.stringify(value);
}

/** Return what an object holds under *key*, undefined where *value* is none or has no such key of its own. */
function member(value: Json, key: string): Json | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, key) ? (value as { readonly [key: string]: Json })[key] : undefined;
}

function same(one: Json | undefined, other: Json | undefined): boolean {
  return JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
}

/** Return what *text* encodes, nothing if it is not the canonical base64 of anything. */
function encoded(text: Json | undefined): Bytes {
  try {
    return typeof text === "string" ? unbase64(text) : concat();
  } catch (error) {
    if (error instanceof FormatError) return concat();
    throw error;
  }
}
