/**
 * What lines, and texts, leave behind when they cannot all be kept.
 *
 * Both go through SHA-256 behind a secret that is drawn for one check: nobody can choose them so that they pass for
 * others, and what is left says no more and no less than the lines and texts themselves would.
 */

import { type Bytes, equal, utf8 } from "../bytes.js";
import { sha256 } from "../digest.js";

const MODULUS = 2 ** 32;
const WORDS = 8;
/** Words of a mark: chance makes two of them alike once in 2^128 times. */
const MARK = 4;
const FEWEST = 1024;

/** Return a secret for one check. */
export function drawSecret(): Bytes {
  return crypto.getRandomValues(new Uint8Array(32));
}

/** The sum of lines, whatever their order: the same one only for the same lines, each as often. */
export class LineSum {
  bytes = 0;
  /** Bytes of the longest line. */
  longest = 0;
  /** Modulo 2^256, the highest word first. */
  private readonly words = new Uint32Array(WORDS);

  constructor(private readonly secret: Bytes) {}

  add(line: Bytes): void {
    const digest = sha256(this.secret, line);
    const view = new DataView(digest.buffer);
    let carry = 0;
    for (let word = WORDS - 1; word >= 0; word--) {
      const sum = (this.words[word] as number) + view.getUint32(4 * word) + carry;
      this.words[word] = sum;
      carry = sum >= MODULUS ? 1 : 0;
    }
    this.bytes += line.length;
    this.longest = Math.max(this.longest, line.length);
  }

  /** Return one without lines yet, which can be compared with this one. */
  another(): LineSum {
    return new LineSum(this.secret);
  }

  equals(other: LineSum): boolean {
    const [own, others] = [this.words, other.words].map((words) => new Uint8Array(words.buffer)) as [Bytes, Bytes];
    return this.bytes === other.bytes && equal(own, others);
  }
}

/** A set of texts, each in sixteen bytes. */
export class Marks {
  private count = 0;
  /** Marks where their first word leads to, or behind it; all zero where there is none. */
  private table = new Uint32Array(MARK * FEWEST);

  constructor(private readonly secret: Bytes) {}

  has(text: string): boolean {
    const mark = this.mark(text);
    return this.table[this.place(mark)] !== 0;
  }

  /** Add *text*, and return whether it is new. */
  add(text: string): boolean {
    const mark = this.mark(text);
    const place = this.place(mark);
    if (this.table[place] !== 0) return false;
    this.table.set(mark, place);
    this.count += 1;
    if (MARK * this.count * 2 > this.table.length) this.enlarge();
    return true;
  }

  private enlarge(): void {
    const old = this.table;
    this.table = new Uint32Array(2 * old.length);
    for (let at = 0; at < old.length; at += MARK) {
      const mark = old.subarray(at, at + MARK);
      if (mark[0] !== 0) this.table.set(mark, this.place(mark));
    }
  }

  private mark(text: string): Uint32Array {
    const mark = new Uint32Array(sha256(this.secret, utf8(text)).buffer, 0, MARK);
    // Zero says that there is none.
    mark[0] = (mark[0] as number) || 1;
    return mark;
  }

  /** Return where a mark stands in the table, or would. */
  private place(mark: Uint32Array): number {
    const { table } = this;
    let at = (MARK * (mark[0] as number)) % table.length;
    while (table[at] !== 0 && !mark.every((word, index) => table[at + index] === word)) at = (at + MARK) % table.length;
    return at;
  }
}
