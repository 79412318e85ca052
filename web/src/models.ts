/** The nouns that cross rooms, as `verify --json` has them (interface.md). */

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
  /** Whether the certificate says of itself that it is for practice only. */
  readonly practice: boolean;
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
