/** What was found about one kept handshake. */

import type { Outcome } from "../../models.js";

/** What is found anew; whether there were keys for the content cannot be. */
export type Matter = "tls.handshake" | "tls.finished" | "tls.records" | "tls.server-proof";

const WEIGHT: readonly Outcome[] = ["failed", "not-checked", "passed"];

/** Collects what is found; the worst of a matter decides. */
export class Notes {
  private readonly found: { readonly matter: Matter; readonly outcome: Outcome; readonly detail: string }[] = [];

  passed(matter: Matter): void {
    this.found.push({ matter, outcome: "passed", detail: "" });
  }

  failed(matter: Matter, detail: string): void {
    this.found.push({ matter, outcome: "failed", detail });
  }

  unchecked(matter: Matter): void {
    this.found.push({ matter, outcome: "not-checked", detail: "" });
  }

  /** Return the worst that was noted; nothing noted is not checked. */
  outcome(matter: Matter): Outcome {
    const own = this.found.filter((each) => each.matter === matter).map((each) => each.outcome);
    return WEIGHT.find((each) => own.includes(each)) ?? "not-checked";
  }

  /** Return in English what is wrong with a matter; empty if nothing is. */
  wrong(matter: Matter): string {
    const own = this.found.filter((each) => each.matter === matter && each.outcome === "failed");
    return own.map((each) => each.detail).join("; ");
  }
}
