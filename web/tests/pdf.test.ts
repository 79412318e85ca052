/**
 * PDFs: what their signatures cover, what followed these, what is attached, judged as the Python verifier judges it.
 *
 * The questions are made, and answered, by tests/web/test_pdf.py; alone this file has only those of small parts.
 */

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { type Bytes, utf8 } from "../src/bytes.js";
import { digestText } from "../src/digest.js";
import { attempt, FormatError } from "../src/errors.js";
import { checkPdf } from "../src/pdf/check.js";
import { dateOf } from "../src/pdf/dates.js";
import { isWholeAndValid } from "../src/pdf/findings.js";
import { unpacked } from "../src/pdf/flate.js";
import { same } from "../src/pdf/objects.js";
import { Parser } from "../src/pdf/parser.js";

globalThis.crypto ??= webcrypto as Crypto;

/** One PDF and what Python finds in it. */
interface Question {
  readonly name: string;
  readonly path: string;
  readonly whole: boolean;
  readonly trailing: boolean;
  /** Digest texts by name. */
  /** Null when it is not asked. */
  readonly attached: { readonly [name: string]: string } | null;
  /** Of each signature, of a PDF that is whole. */
  readonly levels: readonly string[] | null;
}

const file = process.env.EVIDENCE_KIT_PDFS;
const questions: readonly Question[] = file ? JSON.parse(readFileSync(file, "utf8")) : [];

test("every PDF is judged as Python judges it", async () => {
  const wrong: string[] = [];
  for (const { name, path, whole, trailing, attached, levels } of questions) {
    const found = await checkPdf(new Blob([readFileSync(path)]));
    const said = {
      whole: isWholeAndValid(found),
      trailing: found.trailingBytes > 0,
      attached: attached && Object.fromEntries(found.attachments.map((each) => [each.name, digestText(each.sha256)])),
      levels: isWholeAndValid(found) ? found.signatures.map(({ level }) => level) : null,
    };
    if (JSON.stringify(said) === JSON.stringify({ whole, trailing, attached, levels })) continue;
    const why = [...found.problems, ...found.signatures.flatMap(({ problems }) => problems)].join("; ");
    wrong.push(
      `${name}: ${JSON.stringify(said)} (${why}), not ${JSON.stringify({ whole, trailing, attached, levels })}`,
    );
  }
  assert.deepEqual(wrong.slice(0, 40), []);
});

test("objects are read in every spelling that there is, and nothing else is one", async () => {
  const read = (text: string) => new Parser(utf8(text) as Bytes, 0, true).object();
  assert.ok(
    same(read("[ 1 0 R(a\\)\\101) <41 4> /A#42 -.5 true null]"), read("[1 0 R (a\\)A)<4140>/AB -0.5 true null]")),
  );
  assert.ok(same(read("<< /K [ 1 2 0 R ] >>"), read("<</K[1 2 0 R]%remark\n>>")));
  assert.ok(same(read("(\\053\\\n)"), read("<2B>")));
  for (const text of ["", "(", "[", "<<", "<< 1 2 >>", "<< /A 1 /A 2 >>", "<4x>", "1a", ">", "[".repeat(200)]) {
    assert.ok((await attempt(() => read(text))) instanceof FormatError, text);
  }
});

test("packed data must be whole, with their checksum", async () => {
  const packed = Uint8Array.from([0x78, 0x9c, 0x4b, 0x4c, 0x4a, 0x06, 0x00, 0x02, 0x4d, 0x01, 0x27]);
  assert.deepEqual(unpacked(packed, 3), utf8("abc"));
  assert.ok((await attempt(() => unpacked(packed, 2))) instanceof FormatError);
  for (let at = 0; at < packed.length; at++) {
    if (at === 6) continue; // bits that fill up the last byte say nothing
    const broken = packed.map((byte, place) => (place === at ? byte ^ 0x10 : byte));
    assert.ok((await attempt(() => unpacked(broken, 1000))) instanceof FormatError, `byte ${at}`);
    assert.ok((await attempt(() => unpacked(packed.slice(0, at), 1000))) instanceof FormatError, `cut to ${at}`);
  }
});

test("a date must have a time zone and be one", () => {
  assert.equal(dateOf("D:20261122080000+08'00'"), Date.UTC(2026, 10, 22));
  assert.equal(dateOf("D:20261122000000Z"), Date.UTC(2026, 10, 22));
  for (const text of ["", "D:2026", "D:20261122000000", "D:20260230000000Z"]) assert.equal(dateOf(text), undefined);
});
