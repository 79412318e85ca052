/** The nouns that cross rooms, as `verify --json` has them (interface.md). */

import { type Bytes, shorten, unhex } from "./bytes.js";
import { FormatError } from "./errors.js";

export type Outcome = "passed" | "failed" | "not-checked";
export type Trust = "established" | "practice" | "claimed";
export type Verdict = "verified" | "unchanged" | "altered" | "cannot-verify";
export type Kind = "bundle" | "case" | "item" | "report" | "vault" | "wacz" | "warc" | "unknown";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface Check {
  readonly id: string;
  readonly title: string;
  readonly subject: string;
  readonly outcome: Outcome;
  readonly detail: string;
}

export interface Signer {
  readonly name: string;
  readonly certificate_sha256: string;
  readonly trust: Trust;
}

/** What verifying found; the schema is that of `verify --json`, so that both can be compared. */
export interface Report {
  readonly schema: "evidence-kit/verify/1";
  readonly verdict: Verdict;
  readonly kind: Kind;
  readonly subject: string;
  readonly root: string | null;
  readonly signers: readonly Signer[];
  readonly checks: readonly Check[];
  readonly facts: { readonly [key: string]: Json };
}

/** A problem found: what is wrong (a file, record, event), and why. */
export type Problem = readonly [subject: string, detail: string];

/** Hears what is done at the moment, and how many bytes of how many were read. */
export type OnProgress = (step: string, done: number, total: number) => void;

const UTC = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})Z$/;

/** Read `2026-11-22T01:02:03.004Z` (RFC 3339, calendar-checked), ms since 1970; raises `FormatError`. */
export function parseUtc(value: Json | undefined): number {
  const found = typeof value === "string" ? UTC.exec(value) : null;
  const fields = found?.slice(1).map(Number) as [number, number, number, number, number, number, number] | undefined;
  const moment = fields === undefined ? undefined : momentOf(...fields);
  if (moment === undefined) throw new FormatError(`not a UTC time with milliseconds: ${shown(value)}`);
  return moment;
}

/** Return *moment* as `parseUtc` reads it. */
export function utcText(moment: number): string {
  return new Date(moment).toISOString();
}

/** Return ms since 1970 of a moment of the years 1 to 9999, or undefined when the calendar or the clock has none. */
export function momentOf(
  year: number,
  month: number,
  day: number,
  hour = 0,
  minute = 0,
  second = 0,
  ms = 0,
): number | undefined {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day); // unlike Date.UTC it takes the years 1 to 99 as they are
  const real = year >= 1 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!real || hour > 23 || minute > 59 || second > 59) return undefined;
  return date.setUTCHours(hour, minute, second, ms);
}

/** Read digest text, `sha256:` and 64 lower-case hexadecimal digits; raises `FormatError`. */
export function parseDigest(value: Json | undefined): Bytes {
  if (typeof value === "string" && /^sha256:[0-9a-f]{64}$/.test(value)) return unhex(value.slice(7));
  throw new FormatError(`not a SHA-256 value: ${shown(value)}`);
}

function shown(value: Json | undefined): string {
  return shorten(typeof value === "string" ? value : typeof value);
}
