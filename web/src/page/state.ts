/** What the page knows at a moment, and what a person can do about it: the views are functions of it. */

import type { Report } from "../models.js";
import type { Certificate } from "../trust/certificates.js";
import type { Comparison } from "./compare.js";
import type { Chosen } from "./files.js";
import type { Given } from "./outside.js";
import type { Kit } from "./roots.js";
import type { Words } from "./words.js";

export type Phase = "choose" | "checking" | "done" | "broken";

/** What was done and found so far; nothing of it outlives the page. */
export interface State {
  phase: Phase;
  readonly kit: Kit | null;
  given: readonly Certificate[];
  evidence: Chosen | undefined;
  report: Report | undefined;
  /** Whether all signers lead to believed roots, though the page may not say "verified". */
  wouldVerify: boolean;
  claimed: readonly Certificate[];
  /** When the check ended, in milliseconds since 1970. */
  checked: number;
  /** What went wrong with what was chosen, or with the page itself. */
  problem: string;
  /** What was said last about root certificates. */
  aboutRoots: string;
  typedRoot: string;
  comparedRoot: Comparison | undefined;
  typedPrint: string;
  comparedPrint: string;
  /** What was given to hold the evidence against. */
  outside: readonly Given[];
  /** What was said last about it. */
  aboutOutside: string;
  typedReceipt: string;
  /** How many checks of each step are shown. */
  readonly rows: Map<number, number>;
}

/** What a person can do. */
export interface Actions {
  check(chosen: Chosen): void;
  again(): void;
  another(): void;
  addRoots(files: readonly File[]): void;
  removeRoot(root: Certificate): void;
  compareRoot(): void;
  comparePrint(): void;
  addReceipts(files: readonly File[]): void;
  typeReceipt(): void;
  addAnchors(files: readonly File[]): void;
  addWithheld(files: readonly File[]): void;
  removeOutside(given: Given): void;
  showMore(step: number): void;
  save(): void;
}

/** What every view is given. */
export interface View {
  readonly state: State;
  readonly words: Words;
  readonly actions: Actions;
}
