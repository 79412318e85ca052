/**
 * Accounts of connections, servers' certificates and witnesses' lines, judged as the Python verifier judges them.
 *
 * The questions are made, and answered, by tests/web/test_wire.py; alone this file has none.
 */

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { type Bytes, unbase64, utf8 } from "../src/bytes.js";
import { shorten, visible } from "../src/display.js";
import { FormatError } from "../src/errors.js";
import { Examination } from "../src/examination.js";
import { Tree } from "../src/tree.js";
import { checkConnections } from "../src/verify/connections.js";
import { CaseFiles } from "../src/verify/files.js";
import { addressBytes } from "../src/wire/tls/addresses.js";
import { unbrotli } from "../src/wire/tls/brotli.js";
import { readCertificates, UNREADABLE } from "../src/wire/tls/certificates.js";
import { inflateZlib } from "../src/wire/tls/inflate.js";

globalThis.crypto ??= webcrypto as Crypto;

/** One question, by what is asked; every file in base64. */
interface Question {
  readonly name: string;
  readonly ask: "account" | "certificates" | "zlib" | "brotli" | "address" | "shorten";
  readonly files?: { readonly [path: string]: string };
  readonly certificates?: readonly string[];
  readonly data?: string;
  readonly size?: number;
  readonly text?: string;
  readonly at?: number;
  /** What Python answers. */
  readonly answer: unknown;
}

const file = process.env.EVIDENCE_KIT_QUESTIONS;
const questions: readonly Question[] = file ? JSON.parse(readFileSync(file, "utf8")) : [];

test("every question is answered as Python answers it", async () => {
  const wrong: string[] = [];
  for (const question of questions) {
    const found = await answer(question);
    if (JSON.stringify(found) !== JSON.stringify(question.answer)) {
      wrong.push(`${question.name}: ${JSON.stringify(found)}, Python: ${JSON.stringify(question.answer)}`);
    }
  }
  console.log(`${questions.length} questions`);
  assert.deepEqual(wrong.slice(0, 40), []);
});

test("what could deceive a reader is shown by number", () => {
  assert.equal(visible("a\u202eb\n"), "a\\u{202E}b\\u{000A}");
  assert.equal(shorten("  one \t two  "), "one two");
});

async function answer(question: Question): Promise<unknown> {
  switch (question.ask) {
    case "account":
      return checks(question.files ?? {});
    case "certificates":
      return certificates(question);
    case "zlib":
      return expanded(() => inflateZlib(unbase64(question.data ?? ""), question.size ?? 0));
    case "brotli":
      return expanded(() => unbrotli(unbase64(question.data ?? ""), question.size ?? 0));
    case "address":
      return addressBytes(question.text ?? "");
    case "shorten":
      return shorten(question.text ?? "");
  }
}

async function checks(files: { readonly [path: string]: string }): Promise<unknown> {
  const exam = new Examination({ established: [], practice: [] }, 0);
  const tree = new Tree(Object.entries(files).map(([name, data]) => [name, new Blob([unbase64(data)])]));
  await checkConnections(exam, new CaseFiles(tree, ""), "items/EV-0001/connections.jsonl");
  return exam.checks.map(({ id, subject, outcome }) => [id, subject, outcome]);
}

function certificates(question: Question): unknown {
  const ders = (question.certificates ?? []).map(unbase64);
  const { leadsTo, problems } = readCertificates(ders, question.text ?? "", question.at ?? 0);
  return [leadsTo, problems.map((each) => (each.startsWith(UNREADABLE) ? UNREADABLE : each))];
}

function expanded(action: () => Bytes): string | null {
  try {
    return Buffer.from(action()).toString("base64");
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}

void utf8;
