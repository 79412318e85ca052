import assert from "node:assert/strict";
import { test } from "node:test";

import { text, utf8 } from "../src/bytes.js";
import { dumps, loads, parse } from "../src/canonical.js";
import { FormatError } from "../src/errors.js";

const refuses = (reading: (data: Uint8Array) => unknown, source: string) =>
  assert.throws(() => reading(utf8(source)), FormatError, source);

test("canonical text is read and written as it was", () => {
  const inner = '[1,-9007199254740991,true,false,"\\b\\u0001\\""]';
  const source = `{"":"é\u2028😀","__proto__":{"constructor":null},"a":${inner}}`;
  const value = loads(utf8(source));
  assert.equal(text(dumps(value), "it"), source);
});

test("any other spelling of the same value is refused as a canonical line and read as a file", () => {
  const spellings = ['{"a": 1}', '{"b":1,"a":2}', '"\\u0041"', '"\\/"', "-0", " 1", "1\n", '"\\u000a"', '"\\u001F"'];
  for (const source of spellings) {
    refuses(loads, source);
    parse(utf8(source));
  }
});

test("what is no JSON, or not of the allowed part, is refused", () => {
  const wrong = [
    ...["", " ", "{", "[", "[1,]", "{,}", '{"a"}', '{"a":1,}', "1 1", "nul", "nulll", "'", "\ufeff1", "\u00a01", "\f1"],
    ...["1.0", "1e5", "1.", "01", "+1", "-", "NaN", "Infinity", "-Infinity", "1e400", `1${"0".repeat(5000)}`],
    ...["9007199254740992", "-9007199254740992", "9007199254740993"],
    ...['"a', '"\t"', '"\\x"', '"\\u12"', '"\\u12 4"', '"\\ud800"', '"\\ude00\\ud83d"'],
    ...['{"é":1}', '{"a":1,"a":1}', '{"a":1,"\\u0061":1}', '{"__proto__":1,"__proto__":2}'],
  ];
  for (const source of wrong) {
    refuses(loads, source);
    refuses(parse, source);
  }
  assert.throws(() => parse(new Uint8Array([0x22, 0xff, 0x22])), FormatError);
  assert.throws(() => parse(new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22])), FormatError);
});

test("a pair of escapes is one character", () => {
  assert.equal(parse(utf8('"\\ud83d\\ude00"')), "😀");
});

test("the top value lies at depth 0, and nothing below depth 50", () => {
  const nested = (count: number, inside: string) => "[".repeat(count) + inside + "]".repeat(count);
  parse(utf8(nested(50, "1")));
  parse(utf8(nested(51, "")));
  refuses(parse, nested(51, "1"));
  refuses(parse, nested(1_000_000, ""));
});

test("outside keys find nothing that was not written", () => {
  const value = parse(utf8("{}")) as Record<string, unknown>;
  assert.equal(value["constructor"], undefined);
  assert.equal(value["__proto__"], undefined);
});
