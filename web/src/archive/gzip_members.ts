/**
 * A WARC file as one stream of bytes that knows where its gzip members begin (RFC 1952; WARC 1.1 annex D).
 *
 * Reading goes forward only, in constant memory whatever the compression ratio. Damage never raises: it is noted in
 * `problems`, reading pauses there (`broken`), and `resume` goes on at the next member that holds a WARC record.
 */

import { concat, latin1 } from "../bytes.js";
import { FormatError } from "../errors.js";
import { Inflater } from "./inflate.js";

/** Gives a file's bytes from beginning to end, at most 64 KiB at a time, which last until the next; nothing at the end. */
export type ReadPiece = () => Promise<Uint8Array>;

const [MAGIC, DEFLATE_MAGIC] = [Uint8Array.of(0x1f, 0x8b), Uint8Array.of(0x1f, 0x8b, 8)];
/** Bytes from which it is told whether a member holds a record. */
const PROBE = 4096;
const EMPTY = new Uint8Array(0);

/** The bytes of a WARC, inflated if they are gzip members. */
export class MemberStream {
  /** What was found wrong with the compression: byte offset, English sentence. */
  readonly problems: [offset: number, problem: string][] = [];
  /** Reading stopped at damage; `resume` goes on behind it. */
  broken = false;
  readonly gzipped: boolean;
  private taken = 0;
  private memberOffset = 0;
  private inside = false;
  private buffer: Uint8Array = EMPTY;
  private at = 0;

  private constructor(
    private readonly readPiece: ReadPiece,
    private readonly inflater: Inflater,
    private readonly probe: Inflater,
    private input: Uint8Array,
  ) {
    this.gzipped = startsWith(input, MAGIC);
  }

  /** Begin where *readPiece* does, which counts as offset 0. */
  static async begin(readPiece: ReadPiece): Promise<MemberStream> {
    return new MemberStream(readPiece, await Inflater.create(), await Inflater.create(), await readPiece());
  }

  /** Where the next byte lies: in a gzip file, the offset of the member that holds it. */
  get offset(): number {
    return this.gzipped ? this.memberOffset : this.taken - (this.buffer.length - this.at);
  }

  /** How many bytes of the file were taken: at the end of a gzip member, where the next one begins. */
  get position(): number {
    return this.gzipped ? this.taken : this.offset;
  }

  /** Return up to *size* next bytes (of this member) without taking them; empty at the end or at damage. */
  async peek(size: number): Promise<Uint8Array> {
    while (this.buffer.length - this.at < size && (await this.more()));
    return this.buffer.subarray(this.at, this.at + size);
  }

  /** Return the next bytes up to and with an empty line, without taking them, if all are at hand; else nothing. */
  async peekHead(): Promise<Uint8Array> {
    if (this.at === this.buffer.length) await this.nextBytes();
    const { buffer, at } = this;
    for (let end = buffer.indexOf(10, at); end >= 0; end = buffer.indexOf(10, end + 1)) {
      const empty = end >= at + 3 && buffer[end - 1] === 13 && buffer[end - 2] === 10 && buffer[end - 3] === 13;
      if (empty) return buffer.subarray(at, end + 1);
    }
    return EMPTY;
  }

  /** Return 1 to *size* next bytes, which are valid until more are read; empty at the end or at damage. */
  async read(size: number): Promise<Uint8Array> {
    if (this.at === this.buffer.length && !(await this.nextBytes())) return EMPTY;
    const piece = this.buffer.subarray(this.at, this.at + size);
    this.at += piece.length;
    return piece;
  }

  /** Return the next bytes up to and with a line feed, at most *limit* of them. */
  async readLine(limit: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let length = 0;
    while (length < limit) {
      if (this.at === this.buffer.length && !(await this.nextBytes())) break;
      const most = Math.min(this.buffer.length, this.at + limit - length);
      const end = this.buffer.subarray(this.at, most).indexOf(10);
      const piece = this.buffer.slice(this.at, end < 0 ? most : this.at + end + 1);
      parts.push(piece);
      length += piece.length;
      this.at += piece.length;
      if (end >= 0) break;
    }
    return parts.length === 1 ? (parts[0] as Uint8Array) : concat(...parts);
  }

  /** Return whether nothing is left of the current gzip member; always true for a plain file. */
  async atMemberEnd(): Promise<boolean> {
    if (!this.gzipped) return true;
    while (this.at === this.buffer.length && this.inside && !this.broken) await this.step();
    return this.at === this.buffer.length;
  }

  /** Leave out the rest of the current gzip member. */
  async skipMember(): Promise<void> {
    while (!(await this.atMemberEnd())) this.at = this.buffer.length;
  }

  /** Go on after damage. */
  resume(): void {
    this.broken = false;
  }

  /** Fill the empty buffer, crossing into the next member if need be. */
  private async nextBytes(): Promise<boolean> {
    while (this.at === this.buffer.length && !this.broken) {
      if (!(await this.step())) return false;
    }
    return this.at < this.buffer.length;
  }

  /** Lengthen the buffer without crossing into another member. */
  private async more(): Promise<boolean> {
    if (this.at === this.buffer.length) return this.nextBytes();
    if (this.broken || (this.gzipped && !this.inside)) return false;
    const rest = this.buffer.slice(this.at);
    this.setBuffer(EMPTY);
    const alive = await this.step();
    this.setBuffer(concat(rest, this.buffer));
    return alive;
  }

  private setBuffer(data: Uint8Array): void {
    this.buffer = data;
    this.at = 0;
  }

  /** Produce a piece, or finish a member, or note damage; false at the end of the file. */
  private async step(): Promise<boolean> {
    if (this.input.length === 0) this.input = await this.readPiece();
    if (this.gzipped) return this.inside ? this.inflatePiece() : this.beginMember();
    this.setBuffer(this.input);
    this.input = EMPTY;
    this.taken += this.buffer.length;
    return this.buffer.length > 0;
  }

  private async beginMember(): Promise<boolean> {
    await this.topUp(MAGIC.length);
    if (this.input.length === 0) return false;
    this.memberOffset = this.taken;
    if (!startsWith(this.input, MAGIC)) {
      await this.damaged("bytes that are no gzip member");
      return false;
    }
    this.inflater.begin();
    this.inside = true;
    return true;
  }

  private async inflatePiece(): Promise<boolean> {
    try {
      const { output, taken } = this.inflater.inflate(this.input);
      this.setBuffer(output);
      this.drop(taken);
      if (this.inflater.ended) this.inside = false;
      else if (output.length === 0 && taken === 0) return this.lengthen();
      return true;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      await this.damaged(`the gzip member is damaged (${error.message})`);
      return false;
    }
  }

  /** Give the inflater more to go on with; false, and damage, where the file ends. */
  private async lengthen(): Promise<boolean> {
    const before = this.input.length;
    await this.topUp(before + 1);
    if (this.input.length > before) return true;
    this.inside = false;
    this.problems.push([this.memberOffset, "the file ends inside this gzip member"]);
    this.broken = true;
    this.drop(before);
    return false;
  }

  /** Note damage to the current member and move to the next one that holds a WARC record. */
  private async damaged(what: string): Promise<void> {
    this.inside = false;
    this.broken = true;
    this.drop(Math.max(0, this.memberOffset + 1 - this.taken));
    for (;;) {
      const found = indexOf(this.input, DEFLATE_MAGIC);
      if (found >= 0) {
        this.drop(found);
        await this.topUp(PROBE);
        if (this.holdsRecord(this.input.subarray(0, PROBE))) break;
        this.drop(1);
        continue;
      }
      this.drop(Math.max(0, this.input.length - DEFLATE_MAGIC.length + 1));
      const before = this.input.length;
      await this.topUp(before + 1);
      if (this.input.length === before) {
        this.drop(before);
        break;
      }
    }
    this.problems.push([this.memberOffset, `${what}; reading goes on at byte ${this.taken}`]);
  }

  private holdsRecord(data: Uint8Array): boolean {
    try {
      this.probe.begin();
      const { output } = this.probe.inflate(data, 16);
      return latin1(output).toUpperCase().startsWith("WARC/");
    } catch (error) {
      if (error instanceof FormatError) return false;
      throw error;
    }
  }

  private drop(count: number): void {
    this.input = this.input.subarray(count);
    this.taken += count;
  }

  private async topUp(size: number): Promise<void> {
    while (this.input.length < size) {
      // What was read before lasts no longer.
      this.input = this.input.slice();
      const piece = await this.readPiece();
      if (piece.length === 0) return;
      this.input = this.input.length === 0 ? piece : concat(this.input, piece);
    }
  }
}

function startsWith(data: Uint8Array, mark: Uint8Array): boolean {
  return mark.every((byte, at) => data[at] === byte);
}

function indexOf(data: Uint8Array, mark: Uint8Array): number {
  for (let at = data.indexOf(mark[0] as number); at >= 0; at = data.indexOf(mark[0] as number, at + 1)) {
    if (at + mark.length <= data.length && startsWith(data.subarray(at), mark)) return at;
  }
  return -1;
}
