import assert from "node:assert/strict";
import { test } from "node:test";

import { readReceipt } from "../src/custody/receipts.js";
import { FormatError } from "../src/errors.js";

const HEAD = Uint8Array.from({ length: 32 }, (_, place) => place);
const MANIFEST = Uint8Array.from({ length: 32 }, (_, place) => 100 + place);
const CODE =
  "EVIDENCE-KIT-RECEIPT:1:20261122T010203Z:7:000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F:" +
  "EV-0001:6465666768696A6B6C6D6E6F707172737475767778797A7B7C7D7E7F80818283";
const ROWS_OF_HEAD = `H1 0001P 0203P 0405P 0607P
H2 0809P 0a0bP 0c0dP 0e0fP
H3 1011K 1213K 1415K 1617K
H4 1819K 1a1bK 1c1dK 1e1fK
`;
const ROWS_OF_ITEM = `D1 6465N 6667N 6869N 6a6bN
D2 6c6dN 6e6fN 7071J 7273J
D3 7475J 7677J 7879J 7a7bJ
D4 7c7dJ 7e7fJ 8081Z 8283Z
`;

test("a receipt is read out of its code, whatever stands around it", () => {
  const scanned = CODE.toLowerCase().replace(":7:", ":7:\n ");
  const { head, manifest, item, issued } = readReceipt(`scanned: ${scanned}, thanks`);
  assert.deepEqual([head, manifest, item], [HEAD, MANIFEST, "EV-0001"]);
  assert.equal(issued, Date.UTC(2026, 10, 22, 1, 2, 3));
});

test("a receipt is read out of its rows or its groups, typed in any way", () => {
  for (const typed of [ROWS_OF_HEAD, ROWS_OF_HEAD.toUpperCase(), ROWS_OF_HEAD.replace(/H\d/g, ""),
    ROWS_OF_HEAD.replace("H1 ", "h 1: ").replace("0001P", "ОO0lР"), `Баримт\n${ROWS_OF_HEAD}${ROWS_OF_HEAD}`]) {
    const { head, manifest } = readReceipt(typed);
    assert.deepEqual([head, manifest], [HEAD, null], typed);
  }
  assert.deepEqual(readReceipt(ROWS_OF_HEAD + ROWS_OF_ITEM).manifest, MANIFEST);
});

test("what was mistyped is named", () => {
  const wrong: [string, RegExp][] = [
    [ROWS_OF_HEAD.replace("0405P", "0406P"), /group 3 of row H1 \(0406P\)/],
    [ROWS_OF_HEAD.replace("0405P 0607P", "0607P 0405P"), /group 3 of row H1.*group 4 of row H1/],
    [ROWS_OF_HEAD.replace("1e1fK", "1e1f"), /row H4 has 19 characters, not 20/],
    [ROWS_OF_HEAD.replace("H3", "H2"), /two different rows H2/],
    [ROWS_OF_HEAD + ROWS_OF_ITEM.replace("D3", "X3"), /lacks rows: D3/],
    [CODE.replace("20261122", "20261332"), /names no time/],
    [`${CODE}0`, /not a receipt/],
    ["", /not a receipt/],
  ];
  for (const [typed, told] of wrong) {
    assert.throws(() => readReceipt(typed), (error) => error instanceof FormatError && told.test(error.message), typed);
  }
});
