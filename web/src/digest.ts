/** SHA-256 (FIPS 180-4) of bytes at hand and of files of any size, a piece at a time. */

import { createCRC32, createSHA256, type IHasher } from "hash-wasm";

import { type Bytes, hex, unhex } from "./bytes.js";
import { shorten } from "./display.js";
import { FormatError } from "./errors.js";
import { discard, Held, LARGEST_HELD } from "./held.js";
import type { Json } from "./models.js";

/** Bytes of a file that are looked at in one go. */
const PIECE = 4 * 1024 * 1024;
/** Bytes from which a call of Web Crypto, which wants all at once, costs less than it saves. */
const LEAST_NATIVE = 64 * 1024;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

const spare: IHasher[] = [await createSHA256()];

/** One SHA-256 in the making. */
export class Sha256 {
  private readonly hasher: IHasher;

  private constructor(hasher: IHasher) {
    this.hasher = hasher;
    hasher.init();
  }

  /** Begin one; its memory is used again when it has ended. */
  static async begin(): Promise<Sha256> {
    return new Sha256(spare.pop() ?? (await createSHA256()));
  }

  update(data: Uint8Array): void {
    this.hasher.update(data);
  }

  /** Return another one that has seen the same; both go on by themselves. */
  async fork(): Promise<Sha256> {
    const other = await Sha256.begin();
    other.hasher.load(this.hasher.save());
    return other;
  }

  /** End it and return the digest; nothing else may be called afterwards. */
  end(): Bytes {
    const found = new Uint8Array(this.hasher.digest("binary"));
    spare.push(this.hasher);
    return found;
  }
}

const whole = await createSHA256();

const sum = await createCRC32();

/** Return the CRC-32 of bytes at hand (RFC 1952, 8). */
export function crc32(data: Uint8Array): number {
  return Number.parseInt(sum.init().update(data).digest(), 16);
}

/** Return the SHA-256 of *parts* in order. */
export function sha256(...parts: readonly Uint8Array[]): Bytes {
  whole.init();
  for (const part of parts) whole.update(part);
  return new Uint8Array(whole.digest("binary"));
}

/** Return digest text: `sha256:` and 64 lower-case hexadecimal digits. */
export function digestText(digest: Uint8Array): string {
  return `sha256:${hex(digest)}`;
}

/** Read digest text in its one form; raises `FormatError`. */
export function parseDigest(value: Json | undefined): Bytes {
  if (typeof value === "string" && DIGEST.test(value)) return unhex(value.slice("sha256:".length));
  throw new FormatError(`not a SHA-256 value: ${shorten(typeof value === "string" ? value : typeof value)}`);
}

/** Return the SHA-256 of a file, which may be larger than memory; *onPiece* sees all its bytes, in order, and keeps none. */
export async function sha256OfBlob(blob: Blob, onPiece: (piece: Bytes) => void = () => undefined): Promise<Bytes> {
  if (blob.size >= LEAST_NATIVE && blob.size <= LARGEST_HELD) {
    const data = await piece(blob, 0, blob.size);
    if (data instanceof FormatError) throw data;
    onPiece(data);
    const counting = crypto.subtle.digest("SHA-256", data);
    // It has its own copy by now.
    if (!(blob instanceof Held)) discard(data);
    return new Uint8Array(await counting);
  }
  const hasher = await Sha256.begin();
  for await (const piece of passing(blob)) {
    hasher.update(piece);
    onPiece(piece);
  }
  return hasher.end();
}

/** Return the CRC-32 of a file; otherwise as `sha256OfBlob`. */
export async function crc32OfBlob(blob: Blob): Promise<number> {
  const hasher = await createCRC32();
  for await (const piece of passing(blob)) hasher.update(piece);
  return Number.parseInt(hasher.digest(), 16);
}

/** What is counted over one file. */
export interface Sums {
  readonly sha256: Bytes;
  readonly crc32: number;
}

/** Return digest and checksum of a file, which is read once; otherwise as `sha256OfBlob`. */
export async function sumsOfBlob(blob: Blob, onBytes: (count: number) => void = () => undefined): Promise<Sums> {
  const hasher = await createCRC32();
  const digest = await sha256OfBlob(blob, (piece) => {
    hasher.update(piece);
    onBytes(piece.length);
  });
  return { sha256: digest, crc32: Number.parseInt(hasher.digest(), 16) };
}

/**
 * Yield a file's bytes in order, each piece read while the one before is looked at; raises `FormatError` when it cannot
 * be read, as when it was taken away or changed meanwhile.
 */
export async function* pieces(blob: Blob, size = PIECE): AsyncGenerator<Bytes> {
  let next = piece(blob, 0, size);
  for (let at = 0; at < blob.size; at += size) {
    const found = await next;
    if (found instanceof FormatError) throw found;
    next = piece(blob, at + size, size);
    yield found;
  }
}

/** Yield what `pieces` yields, but each piece only lasts until the next one is asked for. */
export async function* passing(blob: Blob): AsyncGenerator<Bytes> {
  for await (const found of pieces(blob)) {
    yield found;
    if (!(blob instanceof Held)) discard(found);
  }
}

/** Return one piece, or the error: nobody may be waiting for it any more. */
async function piece(blob: Blob, at: number, size: number): Promise<Bytes | FormatError> {
  if (blob instanceof Held) return blob.data.subarray(at, at + size);
  try {
    return new Uint8Array(await blob.slice(at, at + size).arrayBuffer());
  } catch (error) {
    if (error instanceof DOMException) return new FormatError(`it cannot be read: ${error.message}`);
    throw error;
  }
}
