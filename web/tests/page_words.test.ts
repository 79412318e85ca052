import assert from "node:assert/strict";
import { test } from "node:test";

import { CATALOGUE, stepOf } from "../src/catalogue.js";
import { moment, stamp, utc } from "../src/page/dates.js";
import { type Language, valuesOf, wordsOf } from "../src/page/words.js";

const AT = Date.UTC(2026, 10, 21, 6, 5, 9);

test("a time is written as in the report", () => {
  assert.equal(moment(AT, "mn"), "2026 оны 11 дүгээр сарын 21-ний өдөр 14 цаг 05 минут (Улаанбаатар, UTC+8)");
  assert.equal(moment(AT, "en"), "21 November 2026, 14:05 (Ulaanbaatar, UTC+8)");
  assert.equal(stamp(AT), "2026-11-21 14:05:09 (UTC+8)");
  assert.equal(utc(AT), "2026-11-21T06:05:09Z");
});

test("endings follow the vowels of the number", () => {
  const written = (month: number, day: number): string => moment(Date.UTC(2026, month - 1, day), "mn").slice(9, 34);
  assert.ok(written(10, 2).startsWith("10 дугаар сарын 2-ны"));
  assert.ok(written(9, 4).startsWith("9 дүгээр сарын 4-ний"));
});

test("numbers have signs between thousands", () => {
  assert.deepEqual(
    (["mn", "en"] as const).map((language) => wordsOf(language).number(1234567)),
    ["1\u00a0234\u00a0567", "1,234,567"],
  );
});

test("every check belongs to a step, and is called in Mongolian", () => {
  for (const id of CATALOGUE) {
    assert.ok(stepOf(id) >= 1 && stepOf(id) <= 10, id);
    const title = wordsOf("mn").title({ id, title: "", subject: "", outcome: "passed", detail: "" });
    assert.match(title, /\p{Script=Cyrillic}/u, id);
  }
  assert.deepEqual(
    ["bag.signature", "case.record", "bundle.previous", "case.strays", "unknown.later"].map(stepOf),
    [4, 6, 9, 8, 1],
  );
});

test("steps of the work are told with what they are about", () => {
  for (const language of ["mn", "en"] as const satisfies readonly Language[]) {
    const words = wordsOf(language);
    assert.equal(words.step("item EV-0001"), `${words.say("work.item")}: EV-0001`);
    assert.equal(words.step("a later step"), "a later step");
  }
});

test("values are made visible before they are put in", () => {
  assert.equal(wordsOf("en").say("roots.added", { name: "a\u202eb" }), "Added: a\\u{202E}b");
});

test("what a check found is said in the language of the page where there are words for it", () => {
  const { detail } = wordsOf("mn");
  assert.equal(detail("it is missing"), "алга");
  assert.equal(detail("it cannot be read: a\u202eb"), "унших боломжгүй: a\\u{202E}b");
  assert.equal(detail("archive assembled between 1 and 2"), "архивыг үйлдсэн хугацаа: 1 – 2");
  assert.equal(detail("its digest is a, event 3 has b"), "хэш утга нь a; үйлдлийн дугаар: 3, тэнд бичсэн: b");
  assert.equal(detail("nobody wrote this"), "");
  assert.equal(wordsOf("en").detail("it is missing"), "");
});

test("what tells of itself again and again is said some levels deep, and ends", () => {
  const { detail } = wordsOf("mn");
  for (const hostile of ["1 files: ", "it cannot be read: "]) assert.ok(detail(hostile.repeat(5000)).length > 100);
});

test("a sentence is another one unless everything between its values stands there in order", () => {
  assert.deepEqual(valuesOf("* of *: *", "1 of 2: a: b"), ["1", "2", "a: b"]);
  assert.deepEqual(valuesOf("a * b", "a  b"), [""]);
  assert.equal(valuesOf("a * b", "a b"), undefined);
  assert.equal(valuesOf("a * b * c", "a 1 c b"), undefined);
  assert.deepEqual(valuesOf("a", "a"), []);
});
