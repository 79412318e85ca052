/**
 * The account of an item's connections: what its kept TLS handshakes prove, computed anew.
 *
 * What passed is told once for all connections of the item, what failed for each, what cannot be checked once for each
 * reason. What all this can prove, and what not, stands in docs/security-model.md.
 */

import { type Bytes, concat } from "../bytes.js";
import { pieces } from "../digest.js";
import { shorten } from "../display.js";
import { attempt, FormatError } from "../errors.js";
import type { Examination } from "../examination.js";
import { type Check, checkAccount, type Rechecked } from "../wire/recheck.js";
import type { CaseFiles } from "./files.js";

/** The file's name in an item. */
export const NAME = "connections.jsonl";

/** Bytes of a line that are read; a longer one is none. */
const LONGEST_LINE = 4 * 1024 * 1024;
const LONGEST_DETAIL = 300;
/** Connections, and reasons, named of one kind; the others are counted. */
const NAMED = 10;
const LINE_FEED = 10;
const LINES = "connections.lines";

const MEANING: ReadonlyMap<Check, string> = new Map([
  [
    "tls.server-proof",
    "the certificate's key signed the handshake. This names the server, and is no proof of the content: whoever had " +
      "the session's secrets could have written other content",
  ],
  [
    "tls.records",
    "the handshake's records and both Finished MACs are right. The content's own tags were verified when it was " +
      "captured, and cannot be verified again",
  ],
  ["tls.certificates", "whether the last issuer deserves trust is not judged"],
]);

/** Check the account *name* of a case's or bundle's *files*. */
export async function checkConnections(exam: Examination, files: CaseFiles, name: string): Promise<void> {
  const shown = files.shown(name);
  const tally = new Tally(exam, shown);
  const read = await attempt(async () => {
    for await (const found of checkAccount(linesOf(files.blob(name)))) tally.take(found);
  });
  if (read instanceof FormatError) exam.failed(LINES, shown, `it cannot be read: ${read.message}`);
  else tally.tell();
}

/** What was found in one account. */
class Tally {
  private readonly exam: Examination;
  private readonly shown: string;
  private readonly passed = new Map<Check, number>();
  /** The numbers of the connections that a check could not be made for, by reason. */
  private readonly reasons = new Map<Check, Map<string, number[]>>();
  private whole = true;

  constructor(exam: Examination, shown: string) {
    this.exam = exam;
    this.shown = shown;
  }

  /** Count what was found; what failed is told at once. */
  take({ check, outcome, detail, connection }: Rechecked): void {
    if (outcome === "failed") {
      const subject = connection === null ? this.shown : `${this.shown}#${connection}`;
      this.exam.failed(check, subject, shorten(detail, LONGEST_DETAIL));
      this.whole &&= check !== LINES;
    } else if (outcome === "passed") {
      this.passed.set(check, (this.passed.get(check) ?? 0) + 1);
    } else if (connection !== null) {
      const reasons = this.reasons.get(check) ?? new Map<string, number[]>();
      this.reasons.set(check, reasons);
      const reason = reasons.has(detail) || reasons.size < NAMED ? detail : "for other reasons";
      const numbers = reasons.get(reason) ?? [];
      reasons.set(reason, numbers);
      numbers.push(connection);
    }
  }

  /** Note what passed, and what could not be checked. */
  tell(): void {
    if (this.whole) this.exam.passed(LINES, this.shown);
    for (const [check, meaning] of MEANING) {
      const count = this.passed.get(check);
      if (count !== undefined) this.exam.passed(check, this.shown, `${counted(count)}: ${meaning}`);
      for (const [detail, numbers] of this.reasons.get(check) ?? []) {
        this.exam.notChecked(check, this.shown, `${numbered(numbers)}${shorten(detail, LONGEST_DETAIL)}`);
      }
    }
  }
}

/** Return how many connections these are, and the numbers of the first ones; empty for none. */
export function numbered(numbers: readonly number[]): string {
  if (numbers.length === 0) return "";
  const named = numbers.slice(0, NAMED).join(", ") + (numbers.length > NAMED ? ", …" : "");
  return `${counted(numbers.length)} (${named}): `;
}

/** Return a number of connections in English. */
export function counted(count: number): string {
  return `${count} connection${count === 1 ? "" : "s"}`;
}

/** Yield the lines of a file, each with its line feed; one that is too long comes in pieces without one. */
export async function* linesOf(blob: Blob): AsyncGenerator<Bytes> {
  let held: Bytes[] = [];
  let size = 0;
  for await (const piece of piecesOf(blob)) {
    let at = 0;
    while (at < piece.length) {
      const feed = piece.indexOf(LINE_FEED, at);
      const end = Math.min(feed < 0 ? piece.length : feed + 1, at + LONGEST_LINE - size);
      held.push(piece.subarray(at, end));
      size += end - at;
      at = end;
      if (piece[end - 1] === LINE_FEED || size === LONGEST_LINE) {
        yield concat(...held);
        [held, size] = [[], 0];
      }
    }
  }
  if (size > 0) yield concat(...held);
}

async function* piecesOf(blob: Blob): AsyncGenerator<Bytes> {
  try {
    yield* pieces(blob);
  } catch (error) {
    // The file was taken away while it was read.
    throw error instanceof DOMException ? new FormatError(error.message) : error;
  }
}
