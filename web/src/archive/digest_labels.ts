/**
 * Digests as WARC files of many tools write them, and the several things they are taken over.
 *
 * A label is an algorithm, a colon and a value (WARC 1.1, 5.8): `sha1`, `sha256`, `sha-256`, `md5`…, in base32 with or
 * without padding, hexadecimal or base64. Payloads of chunked bodies are digested by some tools as stored and by others
 * de-chunked (RFC 9112, 7.1), so both are counted.
 */

import { createMD5, createSHA1, createSHA224, createSHA256, createSHA384, createSHA512, type IHasher } from "hash-wasm";

import { type Bytes, equal, hex, latin1, unhex } from "../bytes.js";
import { discard } from "../held.js";
import { ASCII_SPACES, strip, stripOf } from "./spaces.js";

export type DigestOutcome = "ok" | "mismatch" | "unknown-algorithm" | "absent" | "malformed";

interface Algorithm {
  readonly name: string;
  /** Bytes of a digest. */
  readonly size: number;
  readonly create: () => Promise<IHasher>;
  /** Web Crypto's name, which counts many times as fast what is at hand as a whole. */
  readonly native?: string;
  /** Hashers that nobody uses at the moment. */
  readonly spare: IHasher[];
}

const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map(
  [
    { name: "md5", size: 16, create: createMD5 },
    { name: "sha1", size: 20, create: createSHA1, native: "SHA-1" },
    { name: "sha224", size: 28, create: createSHA224 },
    { name: "sha256", size: 32, create: createSHA256, native: "SHA-256" },
    { name: "sha384", size: 48, create: createSHA384, native: "SHA-384" },
    { name: "sha512", size: 64, create: createSHA512, native: "SHA-512" },
  ].map((algorithm) => [algorithm.name, { ...algorithm, spare: [] }]),
);
/** Bytes from which a call of Web Crypto costs less than it saves. */
const LEAST_NATIVE = 4 * 1024;
/** Bytes that are held at most for Web Crypto, which wants them at once. */
const MOST_NATIVE = 16 * 1024 * 1024;
/** Bytes of a buffer at first, and of the largest that is used again, of which so many are kept at most. */
const [SMALLEST_BUFFER, LARGEST_SPARE, MOST_SPARE] = [128 * 1024, 512 * 1024, 16] as const;
/** Buffers that nobody uses at the moment: memory that was used before is much faster than new one. */
const spareBuffers: Bytes[] = [];
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LONGEST_CHUNK_LINE = 16 * 1024;
const CHUNK_SIZE = /^[0-9A-Fa-f]{1,16}$/;

/** A digest header: what it says, and the values it can mean. */
export interface LabelledDigest {
  readonly text: string;
  /** Null if unknown. */
  readonly algorithm: Algorithm | null;
  /** Empty when the value has no known form. */
  readonly values: readonly Bytes[];
}

/** Read a label; what cannot be read leaves `algorithm` or `values` empty. */
export function parseLabel(text: string): LabelledDigest {
  const colon = text.includes(":") ? text.indexOf(":") : text.length;
  const algorithm = ALGORITHMS.get(strip(text.slice(0, colon)).toLowerCase().replaceAll("-", "")) ?? null;
  const values = algorithm === null ? [] : decoded(strip(text.slice(colon + 1)), algorithm.size);
  return { text, algorithm, values };
}

function decoded(value: string, size: number): Bytes[] {
  const bare = value.replace(/(?<!=)=+$/, "");
  const digits = value.toLowerCase();
  const found: Bytes[] = [];
  if (digits.length === 2 * size && /^[0-9a-f]+$/.test(digits)) found.push(unhex(digits));
  const upper = bare.toUpperCase();
  if (bare.length === Math.ceil((8 * size) / 5) && /^[A-Z2-7]+$/.test(upper)) found.push(base32(upper));
  if (bare.length === Math.ceil((8 * size) / 6) && /^[A-Za-z0-9+/_-]+$/.test(bare)) found.push(base64(bare));
  return found.filter((candidate) => candidate.length === size);
}

/** Return what *text* without padding encodes (RFC 4648, 6); bits to spare do not count. */
export function base32(text: string): Bytes {
  const found = new Uint8Array(Math.floor((text.length * 5) / 8));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const character of text) {
    bits = ((bits << 5) | BASE32.indexOf(character)) & 0xfff;
    held += 5;
    if (held >= 8) {
      held -= 8;
      found[at++] = bits >> held;
    }
  }
  return found;
}

/** Return what *text* without padding encodes in either alphabet (RFC 4648, 4 and 5). */
function base64(text: string): Bytes {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (unit) => unit.charCodeAt(0));
}

/** Counts the digest that a label asks for, while the bytes go by. */
export class DigestCheck {
  readonly expected: LabelledDigest | null;
  /** The bytes so far, if they are few enough to be counted at once. */
  private kept: Bytes | null = null;
  private size = 0;
  /** Whether `kept` is somebody else's. */
  private borrowed = false;
  private hasher: IHasher | null = null;
  private counted: Bytes | null = null;

  private constructor(text: string | null) {
    this.expected = text === null ? null : parseLabel(text);
  }

  /** Expect the digest *text*, or none; up to `MOST_NATIVE` bytes are held until the end. */
  static async of(text: string | null): Promise<DigestCheck> {
    const check = new DigestCheck(text);
    const algorithm = check.expected?.algorithm;
    if (algorithm) {
      check.hasher = algorithm.spare.pop() ?? (await algorithm.create());
      check.hasher.init();
      if (algorithm.native !== undefined) check.kept = spareBuffers.pop() ?? new Uint8Array(SMALLEST_BUFFER);
    }
    return check;
  }

  /** Bytes that are held at the moment. */
  get held(): number {
    return this.kept === null ? 0 : this.size;
  }

  /** Take the next bytes; they may be changed afterwards. */
  update(data: Uint8Array): void {
    if (this.hasher === null) return;
    if (this.kept !== null && this.size + data.length > MOST_NATIVE) this.spill(this.hasher);
    if (this.kept === null) {
      this.hasher.update(data);
      return;
    }
    if (this.size + data.length > this.kept.length) this.kept = enlarged(this.kept, this.size + data.length);
    this.kept.set(data, this.size);
    this.size += data.length;
  }

  /** Take all bytes at once, instead of one after the other; they stay as they are until `finish` has ended. */
  takeWhole(data: Bytes): void {
    if (this.kept === null) return this.update(data);
    this.release(this.kept);
    [this.kept, this.size, this.borrowed] = [data, data.length, true];
  }

  /** Take the digest that somebody else counted, if there is one and it is of the *algorithm* asked for. */
  takeCounted(algorithm: string, digest: Bytes | undefined): boolean {
    if (digest === undefined || this.expected?.algorithm?.name !== algorithm) return false;
    this.counted = digest;
    return true;
  }

  /** Count to the end, once, when all bytes are there. */
  async finish(): Promise<void> {
    const { hasher, kept, size } = this;
    const algorithm = this.expected?.algorithm;
    if (hasher === null || !algorithm) return;
    this.hasher = null;
    algorithm.spare.push(hasher);
    if (this.counted !== null) {
      if (kept !== null) this.release(kept);
    } else if (algorithm.native !== undefined && kept !== null && size >= LEAST_NATIVE) {
      const counting = crypto.subtle.digest(algorithm.native, kept.subarray(0, size));
      // It has its own copy by now.
      this.release(kept);
      this.counted = new Uint8Array(await counting);
    } else {
      this.spill(hasher);
      this.counted = new Uint8Array(hasher.digest("binary"));
    }
  }

  /** Return how the bytes compare with the label, after `finish`. */
  outcome(): DigestOutcome {
    if (this.expected === null) return "absent";
    if (this.expected.algorithm === null) return this.expected.text.includes(":") ? "unknown-algorithm" : "malformed";
    if (this.expected.values.length === 0) return "malformed";
    return this.expected.values.some((value) => this.counted !== null && equal(value, this.counted)) ? "ok" : "mismatch";
  }

  /** Return the digest that was counted, as algorithm and hexadecimal digits; after `finish`. */
  found(): string {
    return this.counted === null ? "" : `${this.expected?.algorithm?.name}:${hex(this.counted)}`;
  }

  /** Count what was held, and hold no more. */
  private spill(hasher: IHasher): void {
    if (this.kept === null) return;
    hasher.update(this.kept.subarray(0, this.size));
    this.release(this.kept);
  }

  private release(kept: Bytes): void {
    if (!this.borrowed) putAside(kept);
    this.kept = null;
  }
}

function putAside(buffer: Bytes): void {
  if (buffer.length <= LARGEST_SPARE && spareBuffers.length < MOST_SPARE) spareBuffers.push(buffer);
  else discard(buffer);
}

/** Return a buffer of at least *size* bytes that begins with *data*, which is given up. */
function enlarged(data: Bytes, size: number): Bytes {
  const larger = new Uint8Array(Math.max(size, 2 * data.length));
  larger.set(data);
  putAside(data);
  return larger;
}

/** Takes the chunked transfer coding off a body that is fed to it piece by piece. */
export class Dechunker {
  /** False from the first byte that is not chunked coding. */
  valid = true;
  private line = "";
  private left = 0;
  private inside: "size" | "data" | "end" | "trailer" = "size";

  /** Yield what *data* holds of the body. */
  *feed(data: Uint8Array): Generator<Uint8Array> {
    let at = 0;
    while (at < data.length && this.valid) {
      if (this.inside === "data") {
        const piece = data.subarray(at, at + this.left);
        yield piece;
        at += piece.length;
        this.left -= piece.length;
        if (this.left === 0) this.inside = "end";
        continue;
      }
      const end = data.indexOf(10, at);
      const stop = end < 0 ? data.length : end + 1;
      this.line += latin1(data.subarray(at, stop));
      at = stop;
      if (end >= 0) {
        this.endOfLine(stripOf(this.line, ASCII_SPACES));
        this.line = "";
      } else if (this.line.length > LONGEST_CHUNK_LINE) {
        this.valid = false;
      }
    }
  }

  private endOfLine(line: string): void {
    // Trailer fields, and whatever a server sends after them, are no part of the body.
    if (this.inside === "trailer") return;
    if (this.inside === "end") {
      this.valid = line === "";
      this.inside = "size";
      return;
    }
    const size = stripOf(line.split(";", 1)[0] as string, ASCII_SPACES);
    this.valid = CHUNK_SIZE.test(size);
    this.left = this.valid ? Number.parseInt(size, 16) : 0;
    this.inside = this.left > 0 ? "data" : "trailer";
  }
}
