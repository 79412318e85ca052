/** The record layer (RFC 8446, 5.1; RFC 5246, 6.2.1): bytes as the records that tile them. */

import type { Bytes } from "../../bytes.js";
import { FormatError } from "../../errors.js";

/** Bytes before a record's body: type, version, length. */
const HEADER = 5;

/** Bytes of content in one record. */
export const LONGEST_PLAIN = 1 << 14;

/** Bytes of a protected body in TLS 1.2; TLS 1.3 allows 256 more than the content. */
const LONGEST_BODY = LONGEST_PLAIN + 2048;

/** What every record names but the first one of a client, which may name the older version. */
const VERSION = 0x0303;
const FIRST_VERSION = 0x0301;

/** What a record holds. */
export const Kind = { CHANGE_CIPHER_SPEC: 20, ALERT: 21, HANDSHAKE: 22, DATA: 23 } as const;

/** The bytes of one direction are not the records that they should be, or one of them is not authentic. */
export class RecordError extends FormatError {}

/** A handshake message was expected, and the bytes had ended, or an alert had ended them. */
export class UnfinishedError extends FormatError {}

/** One record. */
export interface TlsRecord {
  readonly kind: number;
  /** Five bytes. */
  readonly header: Bytes;
  readonly body: Bytes;
  /** How many bytes lie before the next record. */
  readonly end: number;
}

/** The records of one direction, read in order. */
export class Records {
  /** How many bytes have been read as whole records. */
  end = 0;
  private readonly data: Bytes;
  private readonly client: boolean;

  /** Only a *client* may begin with the older version. */
  constructor(data: Bytes, client: boolean) {
    this.data = data;
    this.client = client;
  }

  /** How many bytes stand after the last whole record; for use after the end. */
  get torn(): number {
    return this.data.length - this.end;
  }

  /** Return the next record, or null when no whole one is left; raises `RecordError` for what is none. */
  next(): TlsRecord | null {
    if (this.torn < HEADER) return null;
    const header = this.data.subarray(this.end, this.end + HEADER);
    const size = HEADER + this.bodyLength(header);
    if (this.torn < size) return null;
    const body = this.data.subarray(this.end + HEADER, this.end + size);
    this.end += size;
    return { kind: header[0] as number, header, body, end: this.end };
  }

  private bodyLength(header: Bytes): number {
    const [kind, major, minor, high, low] = header as unknown as [number, number, number, number, number];
    const version = (major << 8) | minor;
    const length = (high << 8) | low;
    const begins = `byte ${this.end} begins a record`;
    if (kind < Kind.CHANGE_CIPHER_SPEC || kind > Kind.DATA) {
      throw new RecordError(`${begins} of the unknown type ${kind}`);
    }
    const first = this.client && this.end === 0 && kind === Kind.HANDSHAKE;
    if (version !== VERSION && !(first && version === FIRST_VERSION)) {
      throw new RecordError(`${begins} of the version 0x${version.toString(16).padStart(4, "0")}`);
    }
    if (length === 0 || length > LONGEST_BODY) throw new RecordError(`${begins} with a body of ${length} bytes`);
    return length;
  }
}

/** Return whether *data*, the first bytes of a client, can be those of TLS: a record that begins with a ClientHello. */
export function beginsTls(data: Bytes): boolean {
  const [kind, major, minor, high, , type] = data;
  const fits = (byte: number | undefined, ...choices: number[]) => byte === undefined || choices.includes(byte);
  const version = fits(major, 3) && fits(minor, 1, 3);
  return fits(kind, Kind.HANDSHAKE) && version && (high ?? 0) <= LONGEST_PLAIN >> 8 && fits(type, 1);
}
