import assert from "node:assert/strict";
import { test } from "node:test";

import { base64, unbase64 } from "../src/bytes.js";
import { FormatError } from "../src/errors.js";

test("base64 is read as it is written, whatever the length", () => {
  for (let length = 0; length < 70; length++) {
    const data = Uint8Array.from({ length }, (_, place) => (place * 151 + length * 7) % 256);
    assert.equal(base64(data), Buffer.from(data).toString("base64"));
    assert.deepEqual(unbase64(base64(data)), data);
  }
});

test("any other spelling than the one of base64 is refused", () => {
  const wrong = ["A", "AA", "AAA", "=", "====", "A===", "AA=A", "AB==", "AAB=", "AA==AA==", "AAA=AAAA", "AA\n="];
  for (const digits of [...wrong, "AA==\n", "AA-_", "AAA\u0100", "AAAé", " AAA", "AAAA "]) {
    assert.throws(() => unbase64(digits), FormatError, digits);
  }
});
