/** Checks every file of a bag (BagIt 1.0, RFC 8493, with SHA-256) exactly once, more strictly than the standard. */

import { type Bytes, equal, text, utf8 } from "../bytes.js";
import { shorten } from "../display.js";
import { digestText, sha256, sha256OfBlob } from "../digest.js";
import { attempt, FormatError } from "../errors.js";
import type { Outcome } from "../models.js";
import type { Tree } from "../tree.js";
import type { Ahead } from "./ahead.js";
import { parseManifest } from "./manifests.js";

/** The whole of `bagit.txt`. */
const DECLARATION = utf8("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
const MANIFEST = "manifest-sha256.txt";
const TAG_MANIFEST = "tagmanifest-sha256.txt";
const PAYLOAD = "data/";
const LARGEST_TAG_FILE = 256 * 1024 * 1024;
const OTHER_MANIFEST = /^(?:tag)?manifest-(?!sha256\.txt$)([a-z0-9]+)\.txt$/;
const LABEL = /^[A-Za-z][A-Za-z0-9_-]*$/;

/** What one check of one file found. */
export interface BagFinding {
  /** `bag.tree`, `.declaration`, `.info`, `.manifest`, `.tagmanifest`, `.payload`, `.tag-file`, `.stray` or `.oxum`. */
  readonly check: string;
  readonly subject: string;
  readonly outcome: Outcome;
  readonly detail: string;
}

/** Everything that was found and counted. */
export interface BagReport {
  readonly findings: readonly BagFinding[];
  /** Of every file that was hashed, by path. */
  readonly digests: ReadonlyMap<string, Bytes>;
  /** The fields of `bag-info.txt` in order. */
  readonly info: readonly (readonly [name: string, value: string])[];
}

/** Check a bag completely; *unlisted* are tag files that no list can name. Never raises for what is in it. */
export async function checkBag(
  tree: Tree,
  unlisted: readonly string[],
  onBytes: (count: number) => void = () => undefined,
  ahead?: Ahead,
): Promise<BagReport> {
  const bag = new Bag(tree, new Set([...unlisted, TAG_MANIFEST]), onBytes, ahead);
  await bag.run();
  return bag;
}

class Bag implements BagReport {
  readonly findings: BagFinding[] = [];
  readonly digests = new Map<string, Bytes>();
  info: readonly (readonly [name: string, value: string])[] = [];

  constructor(
    private readonly tree: Tree,
    private readonly unlisted: ReadonlySet<string>,
    private readonly onBytes: (count: number) => void,
    private readonly ahead: Ahead | undefined,
  ) {}

  async run(): Promise<void> {
    const names = this.tree.names();
    for (const [name, problem] of this.tree.problems) this.found("bag.tree", name, problem);
    const declaration = await this.small("bagit.txt");
    const declared = declaration instanceof FormatError || equal(declaration, DECLARATION);
    const other = declared ? "" : "it is not the declaration of a BagIt 1.0 bag in UTF-8, byte for byte";
    this.found("bag.declaration", "bagit.txt", declaration instanceof FormatError ? declaration.message : other);
    this.info = (await this.parsed("bag-info.txt", "bag.info", parseInfo)) ?? [];
    const listed = (await this.parsed(MANIFEST, "bag.manifest", parseManifest)) ?? new Map<string, Bytes>();
    const tags = (await this.parsed(TAG_MANIFEST, "bag.tagmanifest", parseManifest)) ?? new Map<string, Bytes>();
    for (const name of names) {
      const algorithm = OTHER_MANIFEST.exec(name)?.[1];
      if (algorithm !== undefined) this.note("bag.manifest", name, "not-checked", `unsupported algorithm ${algorithm}`);
      if (name === "fetch.txt") this.found("bag.manifest", name, "files that lie elsewhere are not supported");
    }
    await this.files(listed, "bag.payload", true);
    await this.files(tags, "bag.tag-file", false);
    for (const name of names) {
      const known = listed.has(name) || tags.has(name) || this.unlisted.has(name);
      if (!known) this.found("bag.stray", name, "it stands in no list");
    }
    this.oxum(names.filter((name) => name.startsWith(PAYLOAD)));
  }

  private async parsed<T>(name: string, check: string, parse: (data: Bytes) => T): Promise<T | undefined> {
    const data = await this.small(name);
    const found = data instanceof FormatError ? data : await attempt(() => parse(data));
    this.found(check, name, found instanceof FormatError ? found.message : "");
    return found instanceof FormatError ? undefined : found;
  }

  /** Return a tag file, whose digest is counted from the very bytes that are read, or what is wrong. */
  private async small(name: string): Promise<Bytes | FormatError> {
    if (!this.tree.has(name)) return new FormatError("it is missing");
    const data = await attempt(() => this.tree.read(name, LARGEST_TAG_FILE));
    if (data instanceof FormatError) return new FormatError(`it cannot be read: ${data.message}`);
    this.digests.set(name, sha256(data));
    return data;
  }

  private async files(listed: ReadonlyMap<string, Bytes>, check: string, payload: boolean): Promise<void> {
    for (const [name, expected] of listed) {
      if (name.startsWith(PAYLOAD) !== payload) {
        this.found(check, name, `it stands in the wrong list (${payload ? "payload" : "tag files"})`);
      } else if (!this.tree.has(name)) {
        this.found(check, name, "it is missing");
      } else {
        this.found(check, name, await this.compared(name, expected));
      }
    }
  }

  private async compared(name: string, expected: Bytes): Promise<string> {
    const known = this.digests.get(name) ?? (await this.ahead?.digest(name));
    const found = known ?? (await attempt(() => sha256OfBlob(this.tree.blob(name), (piece) => this.onBytes(piece.length))));
    if (found instanceof FormatError) return `it cannot be read: ${found.message}`;
    this.digests.set(name, found);
    return equal(found, expected) ? "" : `its digest is ${digestText(found)}, the list says ${digestText(expected)}`;
  }

  private oxum(payload: readonly string[]): void {
    const stated = this.info.filter(([name]) => name === "Payload-Oxum").map(([, value]) => value);
    const found = `${payload.reduce((sum, name) => sum + this.tree.size(name), 0)}.${payload.length}`;
    const same = stated.length === 1 && stated[0] === found;
    const why = `Payload-Oxum says ${shorten(stated.join(", "))}, found ${found}`;
    this.found("bag.oxum", "bag-info.txt", same ? "" : why);
  }

  private found(check: string, subject: string, problem: string): void {
    this.note(check, subject, problem === "" ? "passed" : "failed", problem);
  }

  private note(check: string, subject: string, outcome: Outcome, detail: string): void {
    this.findings.push({ check, subject, outcome, detail });
  }
}

/** Return the fields of a `bag-info.txt` (RFC 8493, 2.2.2) in order; raises `FormatError`. */
export function parseInfo(data: Bytes): [name: string, value: string][] {
  const whole = text(data, "it");
  if (whole !== "" && (!whole.endsWith("\n") || whole.includes("\r"))) {
    throw new FormatError("its lines do not all end with LF");
  }
  const fields: [string, string][] = [];
  for (const [index, line] of whole.split("\n").slice(0, -1).entries()) {
    const last = fields.at(-1);
    const colon = line.indexOf(": ");
    if (/^[ \t]/.test(line) && last !== undefined) last[1] += ` ${line.trim()}`;
    else if (colon >= 0 && LABEL.test(line.slice(0, colon))) fields.push([line.slice(0, colon), line.slice(colon + 2)]);
    else throw new FormatError(`line ${index + 1} is not a label and a value: ${shorten(line)}`);
  }
  return fields;
}

