import assert from "node:assert/strict";
import { test } from "node:test";

import { compareValue, groups } from "../src/page/compare.js";

const VALUE = "3f9a01c27b44e5d0aabbccddeeff00112233445566778899abcdef0123456789";

test("groups, letter case and the signs between do not count", () => {
  const forms = [VALUE, VALUE.toUpperCase(), groups(VALUE).join(" "), groups(VALUE).join("\n"), `sha256:${VALUE}`];
  const printed = `SHA256 Fingerprint=${(VALUE.toUpperCase().match(/../g) ?? []).join(":")}`;
  for (const form of [...forms, printed, `  ${VALUE}\t`])
    assert.deepEqual(compareValue(form, VALUE), { kind: "same" }, form);
});

test("letters of the other alphabet that look the same are taken for them", () => {
  assert.deepEqual(compareValue(VALUE.replaceAll("a", "а").replaceAll("c", "С"), VALUE), { kind: "same" });
});

test("the code of a page is compared by the value in it", () => {
  assert.deepEqual(compareValue(`EVIDENCE-KIT-PAGE:1:${VALUE.toUpperCase()}:1:12`, VALUE), { kind: "same" });
});

test("the first group that differs is told, from the beginning and from the end", () => {
  const other = `${VALUE.slice(0, 9)}0${VALUE.slice(10)}`;
  assert.deepEqual(compareValue(other, VALUE), {
    kind: "differs",
    group: 3,
    typed: other.slice(8, 12),
    here: VALUE.slice(8, 12),
  });
  const end = `${VALUE.slice(0, 16)} … ${VALUE.slice(48, 60)}0000`;
  assert.deepEqual(compareValue(end, VALUE), { kind: "differs", group: 16, typed: "0000", here: VALUE.slice(60) });
  assert.equal(compareValue(other.slice(0, 12), VALUE).kind, "differs");
});

test("the short form of a page's foot is told from the whole value", () => {
  const [first, last] = [VALUE.slice(0, 16), VALUE.slice(-16)];
  for (const between of [" … ", "...", " "]) assert.equal(compareValue(first + between + last, VALUE).kind, "short");
  assert.deepEqual(compareValue(`${first}…${last.slice(4)}`, VALUE), { kind: "begun", missing: 4 });
});

test("what is too short, too long, empty or unreadable is never the same", () => {
  assert.deepEqual(compareValue(VALUE.slice(0, 60), VALUE), { kind: "begun", missing: 4 });
  assert.deepEqual(compareValue(`${VALUE}0`, VALUE), { kind: "long" });
  assert.deepEqual(compareValue(" \n", VALUE), { kind: "empty" });
  assert.deepEqual(compareValue(`${VALUE.slice(0, 62)}ox`, VALUE), { kind: "unreadable", characters: "ox" });
  for (const typed of ["…", "……", "… …", "a…b…c"]) assert.notEqual(compareValue(typed, VALUE).kind, "same");
});
