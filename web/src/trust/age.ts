/** The header of an age file (age-encryption.org/v1, C2SP), as far as it can be read without a key. */

import { FormatError } from "../errors.js";

const INTRO = "age-encryption.org/v1";
const LONGEST_LINE = 4096;
const MOST_STANZAS = 100;
const COLUMNS = 64;
const LARGEST_HEADER = 1 << 20;
const UNREADABLE = "the header of the age file cannot be read";

/** Bytes of a chunk of content, of its tag, and of the nonce before the first one. */
const CHUNK = 64 * 1024;
const TAG = 16;
const NONCE = 16;

/** Return how many bytes stand after the header of an age file that holds *size* bytes. */
export function payloadSize(size: number): number {
  return NONCE + size + Math.max(1, Math.ceil(size / CHUNK)) * TAG;
}

/** What stands before the content. */
export interface Header {
  /** How many X25519 recipients there are; who they are does not stand in it. */
  readonly recipients: number;
  /** How many stanzas of any kind. */
  readonly stanzas: number;
  /** Bytes of the whole header. */
  readonly size: number;
}

/** Read the header at the beginning of *file*; raises `FormatError`. */
export async function readHeader(file: Blob): Promise<Header> {
  const text = latin1(new Uint8Array(await file.slice(0, LARGEST_HEADER).arrayBuffer()));
  const lines = new Lines(text);
  if (lines.next() !== INTRO) throw new FormatError("not an age file");
  const names: string[] = [];
  for (let line = lines.next(); ; line = lines.next()) {
    if (line.startsWith("---")) {
      const mac = /^--- ([A-Za-z0-9+/]{43})$/.exec(line);
      if (mac === null || names.length === 0 || !isBase64(mac[1] ?? "")) throw new FormatError(UNREADABLE);
      return { recipients: names.filter((name) => name === "X25519").length, stanzas: names.length, size: lines.at };
    }
    if (!line.startsWith("-> ") || names.length === MOST_STANZAS) throw new FormatError(UNREADABLE);
    const words = line.slice(3).split(" ");
    if (!words.every((word) => /^[\x21-\x7e]+$/.test(word))) throw new FormatError(UNREADABLE);
    readBody(lines);
    names.push(words[0] ?? "");
  }
}

/** The last line of a body has less than 64 characters. */
function readBody(lines: Lines): void {
  let body = "";
  for (let size = 0; ; ) {
    const line = lines.next();
    if (line.length > COLUMNS || size > LONGEST_LINE) throw new FormatError(UNREADABLE);
    body += line;
    size += line.length + 1;
    if (line.length < COLUMNS) break;
  }
  if (!isBase64(body)) throw new FormatError(UNREADABLE);
}

/** Whether *text* is canonical base64 without padding. */
function isBase64(text: string): boolean {
  if (!/^[A-Za-z0-9+/]*$/.test(text) || text.length % 4 === 1) return false;
  return btoa(atob(text)).replace(/=+$/, "") === text;
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

class Lines {
  at = 0;

  constructor(private readonly text: string) {}

  next(): string {
    const end = this.text.indexOf("\n", this.at);
    if (end < 0 || end - this.at >= LONGEST_LINE) throw new FormatError(UNREADABLE);
    const line = this.text.slice(this.at, end);
    this.at = end + 1;
    return line;
  }
}
