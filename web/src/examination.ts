/** One run of the verifier: it collects checks and signers, and comes to the verdict (evidence-format.md, 8). */

import type { Bytes } from "./bytes.js";
import { TITLES } from "./catalogue.js";
import type { Check, Json, Kind, Outcome, Problem, Report, Signer, Verdict } from "./models.js";

/** Failed checks listed of one id: a ruined archive of a million records is told in its first ones. */
const MOST = 200;

/** What was looked at so far. */
export class Examination {
  readonly checks: Check[] = [];
  readonly facts: { [key: string]: Json } = {};
  /** The file of the events that a bundle withholds, for whoever may see them. */
  withheld: Bytes | undefined;
  /** The trusted time of the stamp over a whole bundle, and so over all events in it, ms since 1970. */
  sealedAt: number | undefined;
  private readonly failures = new Map<string, number>();
  private unexamined = false;

  passed(id: string, subject: string, detail = ""): void {
    this.note(id, subject, "passed", detail);
  }

  /** Note that a check failed; of one id at most `MOST` are listed. */
  failed(id: string, subject: string, detail: string): void {
    const count = (this.failures.get(id) ?? 0) + 1;
    this.failures.set(id, count);
    if (count <= MOST) this.note(id, subject, "failed", detail);
  }

  /** Note that something needed for a check is not there. */
  notChecked(id: string, subject: string, detail: string): void {
    this.note(id, subject, "not-checked", detail);
  }

  /** Note that something is there that could not be examined: without it there is no verdict but "altered". */
  gaveUp(id: string, subject: string, detail: string): void {
    this.unexamined = true;
    this.notChecked(id, subject, detail);
  }

  /** Note one failed check for each of *problems*, or one passed check if there is none. */
  concluded(id: string, subject: string, problems: Iterable<Problem>, detail = ""): void {
    let none = true;
    for (const [wrong, why] of problems) {
      none = false;
      this.failed(id, wrong, why);
    }
    if (none) this.passed(id, subject, detail);
  }

  /** Note that *count* more checks failed that are not told one by one. */
  unlisted(id: string, count: number): void {
    this.failures.set(id, (this.failures.get(id) ?? 0) + count);
  }

  hasFailed(id: string): boolean {
    return this.failures.has(id);
  }

  /** Return the result; the checks of the *signers* were made before. */
  report(kind: Kind, subject: string, root: string | null, signers: readonly Signer[] = []): Report {
    for (const [id, count] of this.failures) {
      if (count > MOST) this.note(id, subject, "failed", `${count - MOST} more of the same are not listed`);
    }
    return {
      schema: "evidence-kit/verify/1",
      verdict: this.verdict(kind, signers),
      kind,
      subject,
      root,
      signers,
      checks: this.checks,
      facts: this.facts,
    };
  }

  private verdict(kind: Kind, signers: readonly Signer[]): Verdict {
    if (kind === "wacz" || kind === "warc" || kind === "unknown") return "cannot-verify";
    if (this.failures.size > 0) return "altered";
    if (this.unexamined) return "cannot-verify";
    const believed = signers.length > 0 && signers.every((signer) => signer.trust !== "claimed");
    return believed ? "verified" : "unchanged";
  }

  private note(id: string, subject: string, outcome: Outcome, detail: string): void {
    const title = TITLES[id];
    if (title === undefined) throw new Error(`no check is called ${id}`);
    this.checks.push({ id, title, subject, outcome, detail });
  }
}
