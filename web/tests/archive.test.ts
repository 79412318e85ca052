/**
 * What the browser's verifier finds in archives is what the Python verifier finds: the questions, with its answers, are
 * made by tests/web/archive_questions.py, which runs this file.
 */

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { methodOf, statusAndMime } from "../src/archive/http_facts.js";
import { surt } from "../src/archive/cdxj.js";
import { Dechunker, DigestCheck, parseLabel } from "../src/archive/digest_labels.js";
import { Inflater } from "../src/archive/inflate.js";
import { jsonObject } from "../src/archive/outside_json.js";
import { roleOf } from "../src/archive/resource_names.js";
import { checkWacz } from "../src/archive/wacz_reader.js";
import { checkWarc } from "../src/archive/warc_reader.js";
import { readWarcinfo } from "../src/archive/warcinfo.js";
import { type Bytes, hex, unbase64, utf8 } from "../src/bytes.js";
import { sha256 } from "../src/digest.js";
import { FormatError } from "../src/errors.js";

if (globalThis.crypto === undefined) Object.defineProperty(globalThis, "crypto", { value: webcrypto });

interface Question {
  readonly name: string;
  readonly ask: string;
  /** Base64. */
  readonly data: string;
  readonly answer: unknown;
}

const answers: { readonly [ask: string]: (data: Bytes) => unknown } = {
  wacz: (data) => wacz(data, false),
  "our wacz": (data) => wacz(data, true),
  warc: async (data) => {
    const found: unknown[] = [];
    for await (const record of checkWarc(new Blob([data]))) {
      found.push([record.offset, record.recordId, record.block, record.payload, record.failed]);
    }
    return found;
  },
  member: async (data) => {
    const inflater = await Inflater.create();
    inflater.begin();
    const sizes: number[] = [];
    let at = 0;
    for (let moved = true; moved && !inflater.ended; ) {
      const { output, taken } = inflater.inflate(data.subarray(at, at + 5000));
      at += taken;
      sizes.push(output.length);
      moved = output.length > 0 || taken > 0;
    }
    return inflater.ended ? [sizes.reduce((sum, size) => sum + size, 0), at] : "not ended";
  },
  warcinfo: async (data) => Object.fromEntries(await readWarcinfo(new Blob([data]))),
  surt: (data) => surt(new TextDecoder().decode(data)),
  role: (data) => roleOf(new TextDecoder().decode(data)),
  label: (data) => {
    const { algorithm, values } = parseLabel(new TextDecoder("utf-8", { ignoreBOM: true }).decode(data));
    return [algorithm?.name ?? "", [...new Set(values.map(hex))].sort()];
  },
  chunks: (data) => {
    const dechunker = new Dechunker();
    const found: number[] = [];
    for (let at = 0; at < data.length; at += 7) {
      for (const part of dechunker.feed(data.subarray(at, at + 7))) found.push(...part);
    }
    return [dechunker.valid, hex(Uint8Array.from(found))];
  },
  json: (data) => [...jsonObject(data).keys()].sort(),
  head: (data) => [methodOf(data), ...statusAndMime(data, "")],
};

async function wacz(data: Bytes, ours: boolean): Promise<unknown> {
  const found = await checkWacz(new Blob([data]), { ours });
  return [
    found.findings.map(({ check, subject, outcome }) => [check, subject, outcome]),
    found.spkiSha256 === undefined ? null : hex(found.spkiSha256),
    found.resources.map(({ role, sha256 }) => [role, sha256]),
  ];
}

test("the digest of a body is the same whether it is counted at once or piece by piece", async () => {
  for (const size of [0, 100, 5000, 5_000_000]) {
    const body = new Uint8Array(size).fill(7);
    const check = await DigestCheck.of(`sha256:${hex(sha256(body))}`);
    for (let at = 0; at < size; at += 65_536) check.update(body.subarray(at, at + 65_536));
    await check.finish();
    assert.equal(check.outcome(), "ok");
  }
});

test("a key that stands twice makes no JSON, however it is written", () => {
  assert.throws(() => jsonObject(utf8('{"a":{"b":1,"\\u0062":2}}')), FormatError);
  assert.deepEqual([...jsonObject(utf8('{"__proto__":1,"a":[{"a":1},{"a":2}]}')).keys()], ["__proto__", "a"]);
});

const path = process.env["EVIDENCE_KIT_ARCHIVE_QUESTIONS"];
const questions = path === undefined ? [] : (JSON.parse(readFileSync(path, "utf8")) as Question[]);
for (const { name, ask, data, answer } of questions) {
  test(name, async () => {
    let found: unknown;
    try {
      found = await answers[ask]?.(unbase64(data));
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      found = null;
    }
    assert.deepEqual(found, answer);
  });
}
