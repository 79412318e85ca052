/**
 * What a bundle's log withholds: no more than the officer stated; and, for whoever may see it, what that is
 * (evidence-format.md, 4.4).
 */

import { byCodePoint, equal } from "../bytes.js";
import { isObject, whole } from "../canonical.js";
import { ENDS, type Event } from "../custody/events.js";
import type { Lines } from "../custody/log.js";
import {
  contradictions,
  countAbandoned,
  type Opened,
  openWithheld,
  readWithheld,
  type Withheld,
} from "../custody/withholding.js";
import { digestText } from "../digest.js";
import { attempt, FormatError } from "../errors.js";
import type { Examination } from "../examination.js";
import type { Json, Problem } from "../models.js";
import type { CaseFiles } from "./files.js";
import type { History } from "./history.js";

const FILE = "the file of withheld events";
/** Items named in one sentence. */
const NAMED = 10;

/**
 * Check the file of withheld events, if there is one, and return the log with them in their places.
 *
 * They are then checked like all others. That makes sense only of all of them together: if one is missing or is not the
 * one withheld, the log stays as it is.
 */
export async function openLog(
  exam: Examination,
  stored: readonly [Lines, Lines],
  hidden: Withheld,
): Promise<readonly [Lines, Lines]> {
  const data = exam.withheld;
  if (data === undefined) {
    const detail = `${hidden.events.size} events are withheld; who may see them checks them with their file`;
    if (hidden.events.size > 0) exam.notChecked("custody.disclosed", FILE, detail);
    else exam.passed("custody.disclosed", FILE, "nothing is withheld");
    return stored;
  }
  const opened = await attempt(() => readWithheld(data));
  if (opened instanceof FormatError) {
    exam.failed("custody.disclosed", FILE, opened.message);
    return stored;
  }
  const problems = wrongWith(hidden, opened);
  const there = new Set(opened.map((found) => found.event.seq));
  const left = [...hidden.events.keys()].filter((number) => !there.has(number)).length;
  if (left > 0) {
    const detail = `${left} withheld events are not in it; no signature was checked`;
    exam.notChecked("custody.disclosed", FILE, detail);
  }
  const items = itemsOf(opened);
  const named = items.slice(0, NAMED).join(", ") + (items.length > NAMED ? ", …" : "");
  const detail = `${opened.length} of ${hidden.events.size} withheld events, of the items: ${named || "none"}`;
  exam.concluded("custody.disclosed", FILE, problems, detail);
  if (left > 0 || problems.length > 0) return stored;
  exam.facts["opened"] = { events: opened.length, items };
  return openWithheld(stored, opened);
}

function wrongWith(hidden: Withheld, opened: readonly Opened[]): Problem[] {
  const problems: Problem[] = [];
  const count = new Map<number, number>();
  for (const { event } of opened) count.set(event.seq, (count.get(event.seq) ?? 0) + 1);
  for (const found of opened) {
    const subject = `event ${found.event.seq}`;
    const event = hidden.events.get(found.event.seq);
    if (event === undefined) problems.push([subject, "the bundle does not withhold an event of this number"]);
    else if ((count.get(found.event.seq) ?? 0) > 1) problems.push([subject, "it stands there more than once"]);
    else for (const why of contradictions(event, found)) problems.push([subject, why]);
  }
  return problems;
}

function itemsOf(opened: readonly Opened[]): string[] {
  return [...new Set(opened.flatMap((found) => found.event.item ?? []))].sort(byCodePoint);
}

/** Check that the log withholds exactly what the officer stated when the bundle was begun. */
export async function checkWithheld(
  exam: Examination,
  files: CaseFiles,
  history: History,
  hidden: Withheld,
  present: readonly string[],
): Promise<void> {
  const begun = history.told.bundle;
  const stated = begun?.detail["withheld"];
  const events = [...hidden.events.values()];
  const seen = new Set(events.length > 0 ? history.log.briefs.numbers() : []);
  const closed = events.filter((event) => ENDS.has(event.type) && !seen.has(event.seq)).length;
  const recorded = new Set(history.told.committed().map((event) => event.item));
  for (const item of present) recorded.delete(item);
  const found = {
    events: events.length,
    items: recorded.size + closed,
    abandoned: countAbandoned(events.map((event) => event.type)),
  };
  const problems = [...other(found, stated, begun, hidden), ...torn(history, hidden)];
  const subject = files.shown("custody.jsonl");
  const detail = events.length > 0 ? `${events.length} events` : "nothing is withheld";
  exam.concluded("custody.withheld", subject, problems.map((why): Problem => [subject, why]), detail);
  const texts = Object.entries(isObject(stated) ? stated : {}).filter(([, value]) => typeof value === "string");
  exam.facts["withheld"] = events.length > 0 ? { ...found, ...Object.fromEntries(texts) } : found;
}

/** Yield what makes a capture look otherwise than it was: one half of it shown, the other withheld. */
function* torn(history: History, hidden: Withheld): Generator<string> {
  const { halves } = history.told;
  const shown = new Set(halves.filter((event) => !hidden.events.has(event.seq)).map((event) => event.item));
  if (countAbandoned([...hidden.events.values()].map((event) => event.type)) < 0) {
    yield "the end of an item is withheld whose beginning is shown";
  }
  for (const event of halves) {
    if (hidden.events.has(event.seq) && shown.has(event.item)) {
      yield `event ${event.seq} is withheld, and the other half of ${event.item} is shown`;
    }
  }
}

function* other(
  found: Readonly<Record<string, number>>,
  stated: Json | undefined,
  begun: Event | undefined,
  hidden: Withheld,
): Generator<string> {
  if (!isObject(stated) || begun === undefined) {
    if (hidden.events.size > 0) {
      yield `${hidden.events.size} events are withheld, and the bundle's beginning does not say so`;
    }
    return;
  }
  for (const [key, value] of Object.entries(found)) {
    if (whole(stated[key]) !== value) yield `withheld ${key}: ${value}; event ${begun.seq} states another number`;
  }
  for (const [seq, event] of hidden.events) {
    if (seq > begun.seq) yield `event ${seq} is withheld although it follows the bundle's beginning`;
    if (event.ground !== stated["ground"] || event.decidedBy !== stated["decided_by"]) {
      yield `event ${seq} is withheld for another ground, or by another decision, than event ${begun.seq} states`;
    }
  }
  const digest = begun.digests.get("withheld");
  if (digest === undefined || !equal(digest, hidden.digest)) {
    const states = digest === undefined ? "none" : digestText(digest);
    yield `the withheld lines have the digest ${digestText(hidden.digest)}, event ${begun.seq} states ${states}`;
  }
}
