/** A derived item: that each item which it says it was made of is the one that the log recorded before it. */

import { hex } from "../bytes.js";
import { isObject, textOr } from "../canonical.js";
import { MANIFEST } from "../case/layout.js";
import { type Event, EventType } from "../custody/events.js";
import { shorten } from "../display.js";
import type { Examination } from "../examination.js";
import type { Json, Problem } from "../models.js";
import type { CaseFiles } from "./files.js";

/** Check what *item* was made of, if it is a derived one; *committed* are the events that items exist by. */
export function checkDerivedFrom(
  exam: Examination,
  files: CaseFiles,
  committed: ReadonlyMap<string, Event>,
  item: string,
): void {
  const event = committed.get(item);
  if (event?.type !== EventType.DERIVATION_MADE) return;
  const subject = files.shown(`items/${item}/item.json`);
  const told = event.detail["derived_from"];
  const parents = Array.isArray(told) ? (told as readonly Json[]) : [];
  const problems = [...problemsOf(committed, event, parents)].map((why): Problem => [subject, why]);
  if (problems.length > 0) {
    exam.concluded("item.derived-from", subject, problems);
    return;
  }
  const names = parents.map((parent) => (isObject(parent) ? textOr(parent["item"]) : ""));
  const missing = names.filter((name) => !files.has(`items/${name}/${MANIFEST}`));
  if (missing.length > 0) {
    exam.notChecked("item.derived-from", subject, `it was made of items that are not here: ${missing.join(", ")}`);
  } else exam.passed("item.derived-from", subject, `made of ${names.join(", ")}`);
}

function* problemsOf(
  committed: ReadonlyMap<string, Event>,
  event: Event,
  parents: readonly Json[],
): Generator<string> {
  if (parents.length === 0) yield "it does not say of what it was made";
  for (const parent of parents) {
    const name = isObject(parent) ? parent["item"] : undefined;
    const digest = isObject(parent) ? parent["manifest_sha256"] : undefined;
    if (typeof name !== "string" || typeof digest !== "string") {
      yield "it does not say of what it was made";
      continue;
    }
    const made = committed.get(name);
    const recorded = made !== undefined && made.seq < event.seq ? made.digests.get(`items/${name}/${MANIFEST}`) : undefined;
    if (recorded === undefined) {
      yield `it was made of ${shorten(name)}, and the custody log records no such item before it`;
    } else if (hex(recorded) !== digest) {
      yield `it was made of ${shorten(name)} with another manifest than the custody log recorded`;
    }
  }
}
