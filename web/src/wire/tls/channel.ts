/** One side of a kept handshake in order: its records opened under the keys in force, as handshake messages. */

import { type Bytes, hex } from "../../bytes.js";
import type { Side } from "../account_form.js";
import type { Traffic13 } from "./ciphers.js";
import { HEADER, LONGEST, type Message } from "./messages.js";
import { Kind, LONGEST_PLAIN, RecordError, Records, type TlsRecord, UnfinishedError } from "./records.js";

/** user_canceled and no_renegotiation: alerts that end nothing (RFC 8446, 6.1; RFC 5246, 7.2.2). */
const CONTINUING: readonly number[] = [90, 100];
const WARNING = 1;
const FATAL = 2;

/** Reads one side. */
export class Channel {
  readonly side: Side;
  /** Whether ChangeCipherSpec records mean nothing, as in the handshake of TLS 1.3 (RFC 8446, 5). */
  dummies = false;
  /** Whether early data may come that the server did not take; nothing here opens it. */
  refusedEarly = false;
  /** Records left unopened because nothing opens them. */
  unopened = 0;
  private readonly records: Records;
  private readonly handshake = new Buffered();
  private protection: Traffic13 | null = null;
  private over = false;

  constructor(side: Side, data: Bytes) {
    this.side = side;
    this.records = new Records(data, side === "client");
  }

  /** How many bytes have been read as whole records. */
  get end(): number {
    return this.records.end;
  }

  /** How many bytes stand after the last whole record; for use after the end. */
  get torn(): number {
    return this.records.torn;
  }

  /** Put keys in force; raises `RecordError` when a message goes on across the change. */
  protect(protection: Traffic13 | null): void {
    if (this.handshake.length > 0) {
      throw new RecordError(`the ${this.side} changed keys in the middle of a handshake message`);
    }
    this.protection = protection;
  }

  /** Return the next handshake message; raises `RecordError` and `UnfinishedError`. */
  message(): Message {
    const found = this.messageOrChange();
    if (found !== null) return found;
    throw new RecordError(`the ${this.side} sent a ChangeCipherSpec where a handshake message belongs`);
  }

  /** Return the next handshake message, or null for a ChangeCipherSpec (RFC 5246, 7.1). */
  messageOrChange(): Message | null {
    for (;;) {
      const message = this.whole();
      if (message !== null) return message;
      const found = this.next();
      if (found === null) throw new UnfinishedError(`the ${this.side} said no more`);
      const [kind, data] = found;
      if (kind === Kind.CHANGE_CIPHER_SPEC && this.handshake.length === 0) return null;
      if (kind !== Kind.HANDSHAKE) {
        throw new RecordError(`the ${this.side} sent a record of type ${kind} in the middle of the handshake`);
      }
      this.handshake.add(data);
    }
  }

  /** Read what is left without opening it; raises `RecordError`. */
  skim(): void {
    let hidden = this.protection !== null;
    for (let record = this.records.next(); record !== null; record = this.records.next()) {
      hidden ||= record.kind === Kind.CHANGE_CIPHER_SPEC || record.kind === Kind.DATA;
      if (hidden && record.kind !== Kind.CHANGE_CIPHER_SPEC) this.unopened++;
      if (record.kind === Kind.ALERT && !hidden) this.noteAlert(record.body);
    }
  }

  private whole(): Message | null {
    const [type, high, middle, low] = this.handshake.peek(HEADER);
    if (type === undefined || high === undefined || middle === undefined || low === undefined) return null;
    const length = (high << 16) | (middle << 8) | low;
    if (length > LONGEST) throw new RecordError(`the ${this.side} sent a handshake message of ${length} bytes`);
    if (this.handshake.length < HEADER + length) return null;
    return { type, raw: this.handshake.take(HEADER + length) };
  }

  /** Return kind and content of the next record that means something; null at the end. */
  private next(): readonly [number, Bytes] | null {
    for (let record = this.records.next(); record !== null; record = this.records.next()) {
      if (this.over) throw new RecordError(`the ${this.side} goes on after the alert that ended it`);
      if (this.passesOver(record)) continue;
      const [kind, data] = this.open(record);
      if (kind !== Kind.ALERT) return [kind, data];
      this.noteAlert(data);
    }
    return null;
  }

  private passesOver(record: TlsRecord): boolean {
    if (record.kind === Kind.CHANGE_CIPHER_SPEC) {
      if (record.body.length !== 1 || record.body[0] !== 1) {
        const form = hex(record.body.subarray(0, 10));
        throw new RecordError(`the ${this.side} sent a ChangeCipherSpec of the form ${form}`);
      }
      return this.dummies;
    }
    return this.refusedEarly && record.kind === Kind.DATA && this.isRefusedEarly(record);
  }

  /** Return whether *record* is early data that the server did not take (RFC 8446, 4.2.10). */
  private isRefusedEarly(record: TlsRecord): boolean {
    if (this.protection !== null && this.opens(this.protection, record)) {
      // It opens with the keys of the handshake, and will be opened again as the first of their records.
      this.protection.sequence = 0;
      this.refusedEarly = false;
      return false;
    }
    this.unopened++;
    return true;
  }

  private opens(protection: Traffic13, record: TlsRecord): boolean {
    try {
      protection.open(record);
      return true;
    } catch (error) {
      if (error instanceof RecordError) return false;
      throw error;
    }
  }

  private open(record: TlsRecord): readonly [number, Bytes] {
    if (this.protection === null || this.isPlainAlert(record)) {
      if (record.kind === Kind.DATA || record.body.length > LONGEST_PLAIN) {
        throw new RecordError(`the ${this.side} sent a protected record before there were keys`);
      }
      return [record.kind, record.body];
    }
    const [kind, data] = this.protection.open(record);
    const known = kind === Kind.ALERT || kind === Kind.HANDSHAKE || kind === Kind.DATA;
    if (!known || (data.length === 0 && kind !== Kind.DATA)) {
      throw new RecordError(`the ${this.side} protected a record of type ${kind} with ${data.length} bytes`);
    }
    return [kind, data];
  }

  /** Return whether a side that does not have its keys yet says what is wrong; a protected alert is longer. */
  private isPlainAlert(record: TlsRecord): boolean {
    return this.protection?.sequence === 0 && this.dummies && record.kind === Kind.ALERT;
  }

  private noteAlert(data: Bytes): void {
    const [level, number] = data;
    if (data.length !== 2 || number === undefined || (level !== WARNING && level !== FATAL)) {
      throw new RecordError(`the ${this.side} sent an alert of the form ${hex(data.subarray(0, 10))}`);
    }
    this.over = level === FATAL || !CONTINUING.includes(number);
  }
}

/**
 * Bytes that come in pieces and are taken from the front; each is copied a few times at most, however small they are.
 */
class Buffered {
  private data: Bytes = new Uint8Array(0);
  private start = 0;
  private stop = 0;

  get length(): number {
    return this.stop - this.start;
  }

  add(piece: Bytes): void {
    if (this.stop + piece.length > this.data.length) {
      const wider = new Uint8Array(2 * (this.length + piece.length));
      wider.set(this.data.subarray(this.start, this.stop));
      [this.data, this.start, this.stop] = [wider, 0, this.length];
    }
    this.data.set(piece, this.stop);
    this.stop += piece.length;
  }

  peek(size: number): Bytes {
    return this.data.subarray(this.start, Math.min(this.start + size, this.stop));
  }

  take(size: number): Bytes {
    this.start += size;
    return this.data.slice(this.start - size, this.start);
  }
}
