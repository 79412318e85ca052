/**
 * The browser's verifier as a command, for the tests: `node verify.mjs [--trust FILE]… [--practice FILE]… [--now TIME] PATH…`
 *
 * Prints the report of each path as one line of JSON. Files are read whole: what it is for is small.
 */

import { webcrypto } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";

import { loadCertificates } from "./trust/certificates.js";
import { verifyFiles } from "./verify/verify.js";

if (globalThis.crypto === undefined) Object.defineProperty(globalThis, "crypto", { value: webcrypto });

const established: string[] = [];
const practice: string[] = [];
const paths: string[] = [];
let now = Date.now();
const words = process.argv.slice(2);
for (let word = words.shift(); word !== undefined; word = words.shift()) {
  if (word === "--trust") established.push(words.shift() ?? "");
  else if (word === "--practice") practice.push(words.shift() ?? "");
  else if (word === "--now") now = Date.parse(words.shift() ?? "");
  else paths.push(word);
}
const roots = {
  established: established.flatMap((file) => loadCertificates(readFileSync(file))),
  practice: practice.flatMap((file) => loadCertificates(readFileSync(file))),
};
for (const path of paths) {
  const empty: string[] = [];
  const report = await verifyFiles(filesAt(path, basename(path), empty), { roots, now }, empty);
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

function filesAt(path: string, name: string, empty: string[]): [string, Blob][] {
  if (!statSync(path).isDirectory()) return [[name, new Blob([readFileSync(path)])]];
  const inside = readdirSync(path);
  if (inside.length === 0) empty.push(name);
  return inside.flatMap((entry) => filesAt(join(path, entry), `${name}/${entry}`, empty));
}
