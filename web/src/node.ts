/**
 * The browser's verifier as a command, for the tests.
 *
 *   node verify.mjs [--trust FILE]… [--practice FILE]… PATH…    prints the report of each path, a line of JSON
 *   node verify.mjs --questions                                  answers a line {path, established, practice, now} each
 *
 * Files are read whole: what it is for is small.
 */

import { webcrypto } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";

import { unbase64, utf8 } from "./bytes.js";
import { readAnchor } from "./case/anchors.js";
import { readReceipt } from "./custody/receipts.js";
import { type Certificate, loadCertificates } from "./trust/certificates.js";
import { type Options, verifyFiles } from "./verify/verify.js";

if (globalThis.crypto === undefined) Object.defineProperty(globalThis, "crypto", { value: webcrypto });

interface Question {
  readonly path: string;
  readonly established: readonly string[];
  readonly practice: readonly string[];
  readonly now: number;
  /** The file of withheld events in base64. */
  readonly withheld?: string;
  /** The texts of receipts. */
  readonly receipts?: readonly string[];
  /** The paths of anchor lists. */
  readonly anchors?: readonly string[];
}

if (process.argv[2] === "--questions") {
  for await (const line of createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line) as Question;
    const roots = { established: asked.established.flatMap(ofPem), practice: asked.practice.flatMap(ofPem) };
    const withheld = asked.withheld === undefined ? {} : { withheld: unbase64(asked.withheld) };
    const receipts = (asked.receipts ?? []).map(readReceipt);
    const anchors = await Promise.all((asked.anchors ?? []).map(anchorAt));
    await answer(asked.path, { roots, now: asked.now, outside: { receipts, anchors }, ...withheld });
  }
} else {
  const roots = { established: [] as Certificate[], practice: [] as Certificate[] };
  const paths: string[] = [];
  const words = process.argv.slice(2);
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === "--trust") roots.established.push(...ofPem(readFileSync(words.shift() ?? "", "utf8")));
    else if (word === "--practice") roots.practice.push(...ofPem(readFileSync(words.shift() ?? "", "utf8")));
    else paths.push(word);
  }
  for (const path of paths) await answer(path, { roots, now: Date.now() });
}

/** Return the anchor list at *path*, which is read with everything that lies beside it. */
function anchorAt(path: string): ReturnType<typeof readAnchor> {
  const beside = readdirSync(dirname(path)).filter((name) => name.startsWith(basename(path)));
  const files = beside.map((name) => [name, new Uint8Array(readFileSync(join(dirname(path), name)))] as const);
  return readAnchor(basename(path), new Map(files));
}

function ofPem(pem: string): readonly Certificate[] {
  return loadCertificates(utf8(pem));
}

async function answer(path: string, options: Options): Promise<void> {
  const empty: string[] = [];
  const report = await verifyFiles(filesAt(path, basename(path), empty), options, empty);
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

function filesAt(path: string, name: string, empty: string[]): [string, Blob][] {
  if (!statSync(path).isDirectory()) return [[name, new Blob([readFileSync(path)])]];
  const inside = readdirSync(path);
  if (inside.length === 0) empty.push(name);
  return inside.flatMap((entry) => filesAt(join(path, entry), `${name}/${entry}`, empty));
}
