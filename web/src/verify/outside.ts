/**
 * What came from outside the police chain: receipts and anchor lists, held against a custody log (evidence-format.md,
 * 4.10 and 5.5).
 *
 * Without one of them nobody can tell whether the last events of a log were taken away.
 */

import { equal } from "../bytes.js";
import { shorten } from "../display.js";
import type { Anchor, AnchoredCase, BrokenAnchor } from "../case/anchors.js";
import { manifestOf } from "../custody/events.js";
import type { LogFindings } from "../custody/findings.js";
import type { Receipt } from "../custody/receipts.js";
import { digestText } from "../digest.js";
import type { Examination } from "../examination.js";
import type { Json } from "../models.js";
import { utcText } from "../times.js";
import type { Told } from "./told.js";

/** What was given to hold a log against. */
export interface Outside {
  readonly receipts?: readonly Receipt[];
  readonly anchors?: readonly (Anchor | BrokenAnchor)[];
}

/** Check that *log*, of a case or of a *bundle*, still contains the heads that were given from outside. */
export async function checkOutside(exam: Examination, log: LogFindings, told: Told, bundle: boolean): Promise<void> {
  const { receipts = [], anchors = [] } = exam.outside;
  const held = receipts.flatMap((receipt) => checkReceipt(exam, log, told, receipt, bundle));
  for (const anchor of anchors) {
    if ("problem" in anchor) continue; // told with the result, whatever is verified
    await checkSeals(exam, anchor);
    const listed = anchor.list.cases.filter(({ number }) => number === log.case);
    if (listed.length === 0) {
      exam.notChecked("custody.anchor", anchor.name, `the list does not name the case ${shorten(log.case)}`);
    }
    const before = bundle && told.ended !== undefined && told.ended < anchor.list.made;
    for (const found of listed) held.push(...checkAnchored(exam, log, anchor, found, before));
  }
  exam.facts["outside_anchors"] = held;
}

/** Note who made the list and when; its seals were checked before. */
async function checkSeals(exam: Examination, { name, list, tokens, signature }: Anchor): Promise<void> {
  let trusted: number | undefined;
  for (const { certificate, embedded, time } of [...tokens].sort((one, other) => one.time - other.time)) {
    if ((await exam.believe(certificate, embedded, time)).trust !== "claimed") trusted ??= time;
    exam.passed("anchor.timestamp", name, `${utcText(time)}, ${certificate.subject}`);
  }
  if (tokens.length < list.authorities) {
    const detail = `it was to have ${list.authorities} time stamps, and ${tokens.length} lie beside the list`;
    exam.gaveUp("anchor.timestamp", name, `${detail}: pending still, or taken away`);
  } else if (tokens.length === 0) {
    exam.notChecked("anchor.timestamp", name, "no authority was asked to stamp the list");
  }
  const { trust } = await exam.believe(signature.certificate, signature.embedded, trusted);
  exam.passed("anchor.signature", name, `${signature.certificate.subject} (${trust})`);
}

/** Check that *log* has the head that *anchor* has of its case; that of a bundle may end *before* the list was made. */
function checkAnchored(
  exam: Examination,
  { links }: LogFindings,
  anchor: Anchor,
  { number, events, head }: AnchoredCase,
  before: boolean,
): Json[] {
  const [subject, known] = [`${anchor.name}, ${number}`, links.length - 1];
  if (events <= known && equal(links.at(events), head)) {
    exam.passed("custody.anchor", subject, `the log still contains the head after event ${events}`);
    return [{ kind: "anchor", event: events, made: utcText(anchor.list.made) }];
  }
  if (before && events > known) {
    exam.notChecked("custody.anchor", subject, "the bundle was made before the list, its log ends earlier");
  } else if (events > known) {
    const detail = `the list has a head after event ${events}, but the log ends with event ${known}`;
    exam.failed("custody.anchor", subject, detail);
  } else {
    exam.failed("custody.anchor", subject, `the head after event ${events} is another than the list has`);
  }
  return [];
}

/** Say of receipts and anchor lists what could not be held against anything. */
export function noteUnused(exam: Examination, subject: string): void {
  const { receipts = [], anchors = [] } = exam.outside;
  for (const anchor of anchors) if ("problem" in anchor) exam.failed(anchor.check, anchor.name, anchor.problem);
  const given: [string, number][] = [
    ["custody.receipt", receipts.length],
    ["custody.anchor", anchors.filter((anchor) => !("problem" in anchor)).length],
  ];
  for (const [id, count] of given) {
    if (count > 0 && !exam.checks.some((check) => check.id === id)) {
      exam.notChecked(id, subject, "there is nothing here to hold it against");
    }
  }
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
  const recorded = [...told.committed(), ...told.sealings.values()].some((event) => {
    const digest = manifestOf(event);
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
