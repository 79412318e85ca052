/**
 * What came from outside the police chain: receipts, held against a custody log (evidence-format.md, 4.10).
 *
 * Without one of them nobody can tell whether the last events of a log were taken away.
 */

import { equal } from "../bytes.js";
import { MANIFEST } from "../case/layout.js";
import type { LogFindings } from "../custody/findings.js";
import type { Receipt } from "../custody/receipts.js";
import { digestText } from "../digest.js";
import type { Examination } from "../examination.js";
import type { Json } from "../models.js";
import { utcText } from "../times.js";
import type { Told } from "./told.js";

/** Check that *log*, of a case or of a *bundle*, still contains the heads that were given from outside. */
export function checkOutside(exam: Examination, log: LogFindings, told: Told, bundle: boolean): void {
  exam.facts["outside_anchors"] = exam.receipts.flatMap((receipt) => checkReceipt(exam, log, told, receipt, bundle));
}

function checkReceipt(exam: Examination, log: LogFindings, told: Told, receipt: Receipt, bundle: boolean): Json[] {
  const { head, item, issued, manifest } = receipt;
  const subject = `${item} ${digestText(head)}`.trim();
  const seq = log.links.find(head);
  if (seq === undefined) {
    if (bundle && issued !== null && told.ended !== undefined && told.ended < issued) {
      const detail = "the bundle was made before the receipt was issued, its log ends earlier";
      exam.notChecked("custody.receipt", subject, detail);
      return [];
    }
    const later = bundle ? " (or it was made before the receipt was issued)" : "";
    const detail = `the log, which ends with event ${log.links.length - 1}, does not contain the head of the receipt`;
    exam.failed("custody.receipt", subject, detail + later);
    return [];
  }
  const recorded = told.captured().some((event) => {
    const digest = event.digests.get(`items/${event.item}/${MANIFEST}`);
    return event.seq <= seq && digest !== undefined && manifest !== null && equal(digest, manifest);
  });
  if (manifest !== null && !recorded) {
    if (log.withheld.length > 0) {
      exam.notChecked("custody.receipt", subject, "the event that recorded the item may be withheld");
    } else {
      const why = `no event up to ${seq} recorded an item with ${digestText(manifest)}`;
      exam.failed("custody.receipt", subject, why);
    }
    return [];
  }
  exam.passed("custody.receipt", subject, `the log still contains the head after event ${seq}`);
  return [{ kind: "receipt", event: seq, made: issued === null ? null : utcText(issued) }];
}
