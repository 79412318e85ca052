/** Reads `facts` of a report, whose members may be of any form: what has not the form asked for is not there. */

import type { Json, Report } from "../models.js";

export interface Members {
  readonly [key: string]: Json;
}

export function members(value: Json | undefined): Members | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Members) : undefined;
}

export function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

/** Return text, or a number as text; empty for everything else. */
export function said(value: Json | undefined): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

export function count(value: Json | undefined): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : 0;
}

/** Return the time that *value* says (RFC 3339), in milliseconds since 1970. */
export function time(value: Json | undefined): number | undefined {
  const found = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(found) ? undefined : found;
}

/** Return how many checks of the report came out each way. */
export function outcomes(checks: Report["checks"]): { passed: number; failed: number; "not-checked": number } {
  const found = { passed: 0, failed: 0, "not-checked": 0 };
  for (const check of checks) found[check.outcome] += 1;
  return found;
}

/** Whether a signer's key is one for training. */
export function isPractice(report: Report): boolean {
  return report.signers.some((signer) => signer.trust === "practice" || signer.name.endsWith("(PRACTICE)"));
}
