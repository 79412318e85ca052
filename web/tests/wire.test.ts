/**
 * Accounts of connections, servers' certificates and witnesses' lines, judged as the Python verifier judges them.
 *
 * The questions are made, and answered, by tests/web/test_wire.py; alone this file has none.
 */

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { unbase64 } from "../src/bytes.js";
import { shorten, visible } from "../src/display.js";
import { Examination } from "../src/examination.js";
import type { Json } from "../src/models.js";
import { Tree } from "../src/tree.js";
import { checkConnections } from "../src/verify/connections.js";
import { CaseFiles } from "../src/verify/files.js";
import { checkWitness } from "../src/verify/witness.js";
import { readCertificates, UNREADABLE } from "../src/wire/tls/certificates.js";

const FOLDER = "items/EV-0001/";
const NOW = Date.parse("2026-03-04T05:06:07.000Z");

globalThis.crypto ??= webcrypto as Crypto;

/** One question, by what is asked; every file in base64. */
interface Question {
  readonly name: string;
  readonly ask: "account" | "witness" | "certificates" | "shorten";
  readonly files?: { readonly [path: string]: string };
  readonly certificates?: readonly string[];
  /** What stands in the item's own record. */
  readonly record?: { readonly [key: string]: Json };
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
  assert.deepEqual(wrong.slice(0, 40), []);
});

test("what could deceive a reader is shown by number", () => {
  assert.equal(visible("a\u202eb\n"), "a\\u{202E}b\\u{000A}");
  assert.equal(shorten("  one \t two  "), "one two");
});

async function answer(question: Question): Promise<unknown> {
  switch (question.ask) {
    case "account":
      return checks(question, (exam, files) => checkConnections(exam, files, `${FOLDER}connections.jsonl`));
    case "witness":
      return checks(question, (exam, files) => checkWitness(exam, files, FOLDER, question.record ?? {}));
    case "certificates":
      return certificates(question);
    case "shorten":
      return shorten(question.text ?? "");
  }
}

async function checks(
  question: Question,
  check: (exam: Examination, files: CaseFiles) => Promise<void>,
): Promise<unknown> {
  const exam = new Examination({ established: [], practice: [] }, NOW);
  const files = Object.entries(question.files ?? {});
  await check(exam, new CaseFiles(new Tree(files.map(([name, data]) => [name, new Blob([unbase64(data)])])), ""));
  return exam.checks.map(({ id, subject, outcome }) => [id, subject, outcome]);
}

async function certificates(question: Question): Promise<unknown> {
  const ders = (question.certificates ?? []).map(unbase64);
  const { leadsTo, problems } = await readCertificates(ders, question.text ?? "", question.at ?? 0);
  return [leadsTo, problems.map((each) => (each.startsWith(UNREADABLE) ? UNREADABLE : each))];
}
