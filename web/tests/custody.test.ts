import assert from "node:assert/strict";
import { test } from "node:test";

import { concat, text, utf8 } from "../src/bytes.js";
import { isWithheld, LONGEST_LINE, readLine } from "../src/custody/events.js";
import { decodeSignature, Lines, Links } from "../src/custody/log.js";
import { wanting } from "../src/custody/requirements.js";
import { readWithheld } from "../src/custody/withholding.js";
import { FormatError } from "../src/errors.js";

const DIGEST = `sha256:${"00".repeat(32)}`;
const EVENT = {
  actor: { agency: "", certificate: DIGEST, id: "", name: "Зохиомол", practice: true, role: "" },
  authority: "",
  case: "2026-1",
  clock: { offset_ms: null, source: "system", state: "unverified" },
  detail: {},
  digests: {},
  item: null,
  local: "2026-11-22T09:02:03+08:00",
  note: "",
  outcome: "",
  place: "",
  previous: DIGEST,
  purpose: "",
  salt: "0a".repeat(32),
  seq: 1,
  time: "2026-11-22T01:02:03.004Z",
  type: "noted",
};
const line = (value: object) => utf8(`${JSON.stringify(value)}\n`);

async function read(...parts: string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const one of new Lines(new Blob(parts))) found.push(text(one, "it"));
  return found;
}

test("lines are parted by line feeds alone, and a last one may lack its own", async () => {
  assert.deepEqual(await read("a\r\n", "\n", "b\u2028\u0085c"), ["a\r\n", "\n", "b\u2028\u0085c"]);
  assert.deepEqual(await read(), []);
});

test("of a line that is too long the rest is left out, wherever the file is cut into pieces", async () => {
  const lengths = async (...sizes: number[]) => {
    const parts = sizes.map((size) => `${"x".repeat(size - 1)}\n`);
    return (await read(...parts, "end")).map((one) => one.length);
  };
  assert.deepEqual(await lengths(7, LONGEST_LINE), [7, LONGEST_LINE, 3]);
  assert.deepEqual(await lengths(7, LONGEST_LINE + 1), [7, LONGEST_LINE, 3]);
  assert.deepEqual(await lengths(LONGEST_LINE + 1, 7), [LONGEST_LINE, 7, 3]);
  assert.deepEqual(await lengths(3 * LONGEST_LINE + 9, 7), [LONGEST_LINE, 7, 3]);
  assert.deepEqual((await read("x".repeat(LONGEST_LINE + 5))).map((one) => one.length), [LONGEST_LINE]);
});

test("other lines stand in the place of stored ones, and behind the last", async () => {
  const found: string[] = [];
  const instead = new Map([[9, utf8("nine")], [2, utf8("two")], [5, utf8("five")]]);
  for await (const one of new Lines(new Blob(["1\n2\n3\n"])).with(instead)) found.push(text(one, "it"));
  assert.deepEqual(found, ["1\n", "two", "3\n", "five", "nine"]);
});

test("links are found by the number of their event, however many there are", () => {
  const links = new Links();
  for (let number = 1; number < 5000; number++) links.append(new Uint8Array(32).fill(number % 251));
  assert.equal(links.length, 5000);
  assert.equal(links.at(0)[0], 0);
  assert.equal(links.at(4321)[31], 4321 % 251);
  assert.equal(links.last[0], 4999 % 251);
});

test("a signature's line has one form", () => {
  assert.deepEqual(decodeSignature(utf8("AQI=\n")), new Uint8Array([1, 2]));
  for (const wrong of ["", "AQI=", "AQI\n", "AQI=\n\n", "AQI=\r\n", "AQJ=\n", "-\n", "é\n", `${"A".repeat(70000)}\n`]) {
    assert.throws(() => decodeSignature(utf8(wrong)), FormatError);
  }
});

test("an event is read, and nothing found in it that was not written", () => {
  const event = readLine(line(EVENT));
  assert(!isWithheld(event));
  assert.equal(event.time, Date.UTC(2026, 10, 22, 1, 2, 3, 4));
  assert.equal(event.detail["constructor"], undefined);
  assert.equal(event.digests.get("constructor"), undefined);
});

test("a line that says one thing otherwise than it must is refused", () => {
  const locals = ["2026-11-22T01:02:03Z", "2026-11-22T01:02:03-00:00", "2026-11-22T09:02:03+0800",
    "2026-11-22 09:02:03+08:00", "2026-11-22T08:62:03+08:00", "2026-11-22T08:62:03+07:60", "2026-11-22T09:02:04+08:00",
    "2026-11-22T09:02:03.000+08:00", "2026-11-23T01:02:03+24:00"];
  const changes: object[] = locals.map((local) => ({ local }));
  changes.push({ salt: "0A".repeat(32) }, { item: "EV-1" }, { item: "" }, { seq: "1" }, { seq: true }, { more: 1 });
  changes.push({ digests: { a: "x" } }, { detail: [] }, { clock: { ...EVENT.clock, offset_ms: true } }, { actor: {} });
  for (const change of changes) {
    const value = { ...EVENT, ...change };
    const sorted = Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
    assert.throws(() => readLine(line(sorted)), FormatError, JSON.stringify(change));
  }
  for (const wrong of [concat(line(EVENT), line(EVENT)), line(EVENT).subarray(0, -1), line([]), utf8("\n")]) {
    assert.throws(() => readLine(wrong), FormatError);
  }
});

test("a local time of any zone is the same moment", () => {
  for (const local of ["2026-11-21T15:17:03-09:45", "2026-11-22T01:02:03+00:00", "2026-11-23T01:01:03+23:59"]) {
    readLine(line({ ...EVENT, local }));
  }
});

test("the file of withheld events is read by its own count", () => {
  const head = (events: unknown) => line({ case: "2026-1", events, schema: "evidence-kit/withheld/1" });
  const opened = line({ event: EVENT, signature: "AQI=" });
  assert.equal(readWithheld(concat(head(1), opened))[0]?.event.seq, 1);
  assert.equal(readWithheld(concat(head(1), opened.subarray(0, -1))).length, 1);
  assert.deepEqual(readWithheld(concat(head(1), opened))[0]?.line, line(EVENT));
  const between = concat(head(1), utf8("\n"), opened);
  for (const wrong of [utf8(""), utf8("\n"), head(1), opened, concat(head(2), opened), between]) {
    assert.throws(() => readWithheld(wrong), FormatError);
  }
});

function missingIn(change: object): string[] {
  const event = readLine(line({ ...EVENT, ...change }));
  return isWithheld(event) ? ["withheld"] : wanting(event);
}

test("what an event need not carry must be of its kind where it is", () => {
  const missing = (detail: object) => missingIn({ type: "case.opened", detail });

  assert.deepEqual(missing({ format: 1 }), []);
  assert.deepEqual(missing({ format: 1, synced: "OneDrive" }), []);
  assert.deepEqual(missing({ format: 1, synced: " " }), ["detail.synced"]);
  assert.deepEqual(missing({ format: 1, synced: null }), ["detail.synced"]);
  assert.deepEqual(missing({ synced: "OneDrive" }), ["detail.format"]);
});

test("what is said of hash lists is said in whole", () => {
  const consulted = { entries: 3, hits: 0, list: DIGEST, pdq: null };
  const { hits, ...withoutHits } = consulted;
  const { pdq, ...withoutPdq } = consulted;
  const right = (lists: unknown) => {
    const found = missingIn({ type: "import.started", item: "EV-0001", detail: { asked: {}, hash_lists: lists } });
    return found.length === 0;
  };

  assert.ok(right([]));
  assert.ok(right([consulted, { ...consulted, hits: null, pdq: 2 }]));
  for (const wrong of [
    {},
    [null],
    [{ ...consulted, list: "00" }],
    [{ ...consulted, entries: null }],
    [{ ...consulted, hits: "0" }],
    [{ ...consulted, pdq: true }],
    [withoutHits],
    [withoutPdq],
  ]) {
    assert.ok(!right(wrong), JSON.stringify(wrong));
  }
});
