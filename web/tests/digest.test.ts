import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { hex } from "../src/bytes.js";
import { pieces, sha256OfBlob } from "../src/digest.js";
import { FormatError } from "../src/errors.js";

/** A file that was taken away after so many bytes. */
class Gone extends Blob {
  constructor(
    data: Uint8Array<ArrayBuffer>,
    private readonly most: number,
  ) {
    super([data]);
  }

  override slice(begin = 0, end = this.size): Blob {
    if (end <= this.most) return super.slice(begin, end);
    const gone = new Blob([]);
    gone.arrayBuffer = () => Promise.reject(new DOMException("it is not there any more", "NotReadableError"));
    return gone;
  }
}

const DATA = Uint8Array.from({ length: 1000 }, (_, place) => place % 251);

test("a file of any size is read piece by piece", async () => {
  for (const size of [1, 7, 999, 1000, 1001]) {
    let found = "";
    for await (const one of pieces(new Blob([DATA]), size)) found += hex(one);
    assert.equal(found, hex(DATA), String(size));
  }
  assert.equal(hex(await sha256OfBlob(new Blob([DATA]))), createHash("sha256").update(DATA).digest("hex"));
});

test("a file that is taken away while it is read is bad evidence, and no bug", async () => {
  let count = 0;
  const reading = async () => {
    for await (const one of pieces(new Gone(DATA, 500), 100)) count += one.length;
  };
  await assert.rejects(reading, FormatError);
  assert.equal(count, 500);
  await assert.rejects(sha256OfBlob(new Gone(DATA, 0)), FormatError);
});

test("whoever has seen enough of a file hears nothing of what cannot be read behind it", async () => {
  for await (const one of pieces(new Gone(DATA, 100), 100)) {
    assert.equal(one.length, 100);
    break;
  }
  await new Promise((done) => setTimeout(done, 10));
});
