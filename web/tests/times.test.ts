import assert from "node:assert/strict";
import { test } from "node:test";

import { parseDigest } from "../src/digest.js";
import { FormatError } from "../src/errors.js";
import { parseUtc, utcText } from "../src/times.js";

test("a time is read and written in its one form, in all years there are", () => {
  for (const time of ["2026-11-22T01:02:03.004Z", "0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z",
    "2024-02-29T00:00:00.000Z", "0099-03-01T00:00:00.000Z"]) {
    assert.equal(utcText(parseUtc(time)), time);
  }
});

test("no time is what the calendar or the form does not know", () => {
  for (const wrong of ["2026-02-29T00:00:00.000Z", "0000-01-01T00:00:00.000Z", "2026-13-01T00:00:00.000Z",
    "2026-00-01T00:00:00.000Z", "2026-01-00T00:00:00.000Z", "2026-01-01T24:00:00.000Z", "2026-01-01T00:60:00.000Z",
    "2026-01-01T00:00:60.000Z", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.0000Z", "2026-01-01t00:00:00.000Z",
    "2026-01-01T00:00:00.000+00:00", "2026-01-01T00:00:00.000Z\n", " 2026-01-01T00:00:00.000Z", 0, null, undefined]) {
    assert.throws(() => parseUtc(wrong), FormatError, String(wrong));
  }
});

test("a digest is read in its one form", () => {
  assert.equal(parseDigest(`sha256:${"0a".repeat(32)}`)[31], 10);
  for (const wrong of ["", "0a".repeat(32), `sha256:${"0A".repeat(32)}`, `sha256:${"0a".repeat(32)}\n`, 5, null]) {
    assert.throws(() => parseDigest(wrong), FormatError);
  }
});
