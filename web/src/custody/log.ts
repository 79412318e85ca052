/**
 * The two files of the log, line by line, and the links between the lines (evidence-format.md, 4.2 and 4.3).
 *
 * Line n of `custody.sig` is the base64 of the detached signature over line n of `custody.jsonl`, its line feed
 * included, or `-` where the event is withheld.
 */

import { type Bytes, concat, equal, text, unbase64, utf8 } from "../bytes.js";
import { pieces, sha256 } from "../digest.js";
import { FormatError } from "../errors.js";
import { LONGEST_LINE } from "./events.js";

/** Bytes of a line of `custody.sig` with its line feed. */
export const LONGEST_SIGNATURE = 64 * 1024;

const LINE_FEED = 0x0a;
const DOMAIN = utf8("evidence-kit/custody/1\n");
const BYTES = 32;

/**
 * The lines of one of the two files, with their line feeds; read anew by whoever goes through them, never all held.
 *
 * Only line feeds part lines, and a last one may lack its own; so does one that is too long, of which the rest is left
 * out. A line lives as long as the piece of the file that it lies in: whoever keeps one copies it.
 */
export class Lines {
  constructor(
    private readonly blob: Blob,
    /** Lines that stand in the place of stored ones, by number, or behind the last. */
    private readonly instead: ReadonlyMap<number, Bytes> = new Map(),
  ) {}

  /** Return the same file with other lines in some places. */
  with(instead: ReadonlyMap<number, Bytes>): Lines {
    return new Lines(this.blob, instead);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Bytes> {
    let number = 0;
    for await (const line of each(this.blob)) {
      number += 1;
      yield this.instead.get(number) ?? line;
    }
    const behind = [...this.instead].filter(([place]) => place > number).sort(([one], [other]) => one - other);
    for (const [, line] of behind) yield line;
  }
}

async function* each(blob: Blob): AsyncGenerator<Bytes> {
  let parts: Bytes[] = [];
  let held = 0;
  let tooLong = false;
  for await (const piece of pieces(blob)) {
    for (let begin = 0; begin < piece.length; ) {
      const feed = piece.indexOf(LINE_FEED, begin);
      const end = feed < 0 ? piece.length : feed + 1;
      if (!tooLong) {
        const part = piece.subarray(begin, Math.min(end, begin + LONGEST_LINE - held));
        parts.push(part);
        held += part.length;
        tooLong = held === LONGEST_LINE && part[part.length - 1] !== LINE_FEED;
        if (feed >= 0 || tooLong) {
          yield parts.length === 1 ? part : concat(...parts);
          parts = [];
          held = 0;
        }
      }
      if (feed >= 0) tooLong = false;
      begin = end;
    }
  }
  if (held > 0) yield concat(...parts);
}

/** Links, link n after event n, in 32 bytes each: a long log has many. */
export class Links {
  /** How many there are, the first included. */
  length = 1;
  private bytes: Bytes = new Uint8Array(1024 * BYTES);

  append(link: Bytes): void {
    if (this.length * BYTES === this.bytes.length) this.bytes = concat(this.bytes, new Uint8Array(this.bytes.length));
    this.bytes.set(link, this.length * BYTES);
    this.length += 1;
  }

  /** Return the link after event *place*, which is at least 0 and less than `length`. */
  at(place: number): Bytes {
    if (!(place >= 0 && place < this.length)) throw new RangeError(`there is no link ${place}`);
    return this.bytes.slice(place * BYTES, (place + 1) * BYTES);
  }

  /** Return the number of the first event after which the link is *wanted*, or undefined. */
  find(wanted: Bytes): number | undefined {
    for (let place = 1; place < this.length; place++) if (equal(this.at(place), wanted)) return place;
    return undefined;
  }

  get last(): Bytes {
    return this.at(this.length - 1);
  }
}

/** Return the DER in a line of `custody.sig`; raises `FormatError` unless it has the one form there is. */
export function decodeSignature(line: Bytes): Bytes {
  if (line.length > LONGEST_SIGNATURE) {
    throw new FormatError(`the signature's line has more than ${LONGEST_SIGNATURE} bytes`);
  }
  if (line[line.length - 1] !== LINE_FEED) throw new FormatError("the signature's line does not end with a line feed");
  return unbase64(text(line.subarray(0, -1), "the signature's line"));
}

/** Whether *line* of `custody.sig` stands for a withheld event. */
export function isDash(line: Bytes): boolean {
  return line.length === 2 && line[0] === 0x2d && line[1] === LINE_FEED;
}

/** Return the link after an event whose line and DER signature have the given digests. */
export function nextLink(previous: Bytes, line: Bytes, signature: Bytes): Bytes {
  return sha256(DOMAIN, previous, line, signature);
}
