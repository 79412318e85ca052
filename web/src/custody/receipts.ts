/**
 * Receipts: the head of the log and an item's digest, given to somebody outside, and read back however they come
 * (evidence-format.md, 4.10): as the text of the QR code, or as rows, copied or typed by hand.
 */

import { type Bytes, unhex } from "../bytes.js";
import { shorten } from "../display.js";
import { FormatError } from "../errors.js";
import { readUtc } from "../times.js";

const LETTERS = "GHJKMNPQRSTUVWXYZ";
const [ROWS, GROUPS_OF_ROW, DIGITS] = [4, 4, 4];
const LENGTH_OF_ROW = GROUPS_OF_ROW * (DIGITS + 1);
const CODE_PARTS = "([0-9]{8}T[0-9]{6}Z):([0-9]{1,12}):([0-9A-F]{64}):(EV-[0-9]{4,12}):([0-9A-F]{64})(?![0-9A-F])";
const CODE = new RegExp(`EVIDENCE-KIT-RECEIPT:1:${CODE_PARTS}`);
const TIME = /^(....)(..)(..)T(..)(..)(..)Z$/;
const ROW = /^\s*([HD])\s?([1-4])(?=[\s.:)])[.:)]?(.*)$/;
const GROUP = /^[0-9A-F]{4}$/;
/** Letters that a Cyrillic keyboard has for what looks like a digit or a check letter; what is misread of digits. */
const LOOKS_LIKE = new Map([..."АВЕКМНРСТХУОOIL|"].map((seen, place) => [seen, "ABEKMHPCTXY00111"[place] as string]));

/** What a receipt says; typed rows tell the digests alone. */
export interface Receipt {
  readonly head: Bytes;
  /** Digest of the item's list of files. */
  readonly manifest: Bytes | null;
  readonly item: string;
  /** Ms since 1970. */
  readonly issued: number | null;
}

/**
 * Read a receipt out of *text*: its code, its rows, or nothing but its groups; raises `FormatError`.
 *
 * Spaces, line breaks and letter case do not matter; a group that was mistyped is named.
 */
export function readReceipt(text: string): Receipt {
  const code = CODE.exec(text.replace(/\s+/g, "").toUpperCase());
  if (code !== null) return ofCode(code.slice(1) as [string, string, string, string, string]);
  let rows = foundRows(text);
  if (rows.size === 0) rows = cut(plain(text));
  const [heads, items] = ["H", "D"].map((kind) => [1, 2, 3, 4].map((number) => rows.get(`${kind}${number}`) ?? ""));
  const told = items?.some((row) => row !== "") ? { H: heads, D: items } : { H: heads };
  const named = Object.entries(told).flatMap(([kind, found]) => {
    return (found ?? []).map((row, place) => ({ kind, row, place }));
  });
  const missing = named.filter(({ row }) => row === "").map(({ kind, place }) => `${kind}${place + 1}`);
  if (missing.length > 0) throw new FormatError(`the receipt lacks rows: ${missing.join(", ")}`);
  const wrong = named.flatMap(({ kind, row, place }) => [...wrongIn(kind, row, place)]);
  if (wrong.length > 0) throw new FormatError(`the receipt was mistyped: ${wrong.join("; ")}`);
  return {
    head: digestIn(heads ?? []),
    manifest: told.D === undefined ? null : digestIn(told.D),
    item: "",
    issued: null,
  };
}

function ofCode([time, , head, item, manifest]: [string, string, string, string, string]): Receipt {
  const issued = readUtc(time.replace(TIME, "$1-$2-$3T$4:$5:$6.000Z"));
  if (issued === undefined) throw new FormatError(`the receipt names no time: ${time}`);
  return { issued, item, head: unhex(head.toLowerCase()), manifest: unhex(manifest.toLowerCase()) };
}

function similar(text: string): string {
  return [...text.toUpperCase()].map((seen) => LOOKS_LIKE.get(seen) ?? seen).join("");
}

function plain(text: string): string {
  return similar(text).replace(/[^0-9A-Z]/g, "");
}

/** Return name and content of every line that begins with the name of a row. */
function foundRows(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split(/[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/)) {
    const match = ROW.exec(similar(line));
    if (match === null) continue;
    const [name, content] = [`${match[1]}${match[2]}`, plain(match[3] ?? "")];
    if ((found.get(name) ?? content) !== content) throw new FormatError(`the receipt has two different rows ${name}`);
    found.set(name, content);
  }
  return found;
}

/** Return the rows of a text that is groups only: those of the head, or of head and item. */
function cut(groups: string): Map<string, string> {
  const lengths = [LENGTH_OF_ROW * ROWS, LENGTH_OF_ROW * ROWS * 2] as const;
  if (groups.length !== lengths[0] && groups.length !== lengths[1]) {
    const counts = `${groups.length} characters, not ${lengths.join(" or ")}`;
    throw new FormatError(`not a receipt: ${shorten(groups)} has ${counts}`);
  }
  const names = ["H1", "H2", "H3", "H4", "D1", "D2", "D3", "D4"];
  const rowAt = (place: number) => groups.slice(place * LENGTH_OF_ROW, (place + 1) * LENGTH_OF_ROW);
  return new Map(names.map((name, place) => [name, rowAt(place)] as const).filter(([, row]) => row !== ""));
}

function* wrongIn(kind: string, row: string, place: number): Generator<string> {
  if (row.length !== LENGTH_OF_ROW) {
    yield `row ${kind}${place + 1} has ${row.length} characters, not ${LENGTH_OF_ROW}`;
    return;
  }
  for (const [number, group] of groupsOf(row).entries()) {
    const at = (kind === "H" ? 1 : 1 + ROWS * GROUPS_OF_ROW) + place * GROUPS_OF_ROW + number;
    const digits = group.slice(0, DIGITS);
    if (!GROUP.test(digits) || letterOf(at, digits) !== group.slice(DIGITS)) {
      yield `group ${number + 1} of row ${kind}${place + 1} (${group})`;
    }
  }
}

function groupsOf(row: string): string[] {
  const length = DIGITS + 1;
  return Array.from({ length: GROUPS_OF_ROW }, (_, place) => row.slice(place * length, (place + 1) * length));
}

/** Return the check letter of the *digits* of the group at *place*, from 1: 17 is a prime and the weights differ. */
function letterOf(place: number, digits: string): string {
  const weighted = [...digits].reduce((sum, digit, at) => sum + (at + 2) * Number.parseInt(digit, 16), place);
  return LETTERS.charAt(weighted % LETTERS.length);
}

function digestIn(rows: readonly string[]): Bytes {
  const digits = rows.flatMap(groupsOf).map((group) => group.slice(0, DIGITS));
  return unhex(digits.join("").toLowerCase());
}
