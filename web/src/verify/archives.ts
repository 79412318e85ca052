/** Web archives, ours inside an item or anybody's alone: the findings of the archive room become checks. */

import type { WaczFinding } from "../archive/wacz_reader.js";
import type { Examination } from "../examination.js";

/** Note every failure with its entry and record, and in one check each what passed. */
export function noteWacz(exam: Examination, shown: string, findings: Iterable<WaczFinding>): void {
  const passed = new Map<string, WaczFinding[]>();
  const failed = new Set<string>();
  for (const finding of findings) {
    const id = checkId(finding.check);
    const subject = finding.subject === "" ? shown : `${shown}!${finding.subject}`;
    if (finding.outcome === "failed") {
      failed.add(id);
      exam.failed(id, subject, finding.detail);
    } else if (finding.outcome === "not-checked") {
      exam.notChecked(id, subject, finding.detail);
    } else {
      passed.set(id, [...(passed.get(id) ?? []), finding]);
    }
  }
  for (const [id, members] of passed) {
    if (failed.has(id) || id === "wacz.transport") continue;
    const details = members.map((member) => member.detail).filter((detail) => detail !== "");
    exam.passed(id, shown, details.join("; ") || `${members.length} parts`);
  }
}

function checkId(check: string): string {
  if (check.startsWith("warc.")) return "warc.records";
  return check === "wacz.transport" || check === "wacz.index" ? check : "wacz.structure";
}
