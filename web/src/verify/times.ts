/**
 * What the custody log claims of time, held against the time stamps over it (evidence-format.md, 4.5).
 *
 * An event exists at the latest at its first covering stamp. If it claims a time more than ten minutes away from it,
 * its time rests on the officer's word alone. That is no alteration: the check is left open.
 */

import type { Brief } from "../custody/briefs.js";
import type { LogFindings } from "../custody/findings.js";
import type { Examination } from "../examination.js";
import { utcText } from "../times.js";

const TIME_GAP = 10 * 60 * 1000;

/** Events one after the other whose time is claimed only, with the same first stamp. */
interface Gap {
  readonly first: Brief;
  last: Brief;
  readonly stamp: number | undefined;
}

/** Compare each event of *log* with its first covering stamp; *trusted* are event and time of those believed. */
export function checkTimes(
  exam: Examination,
  log: LogFindings,
  trusted: readonly (readonly [seq: number, time: number])[],
  subject: string,
): void {
  const stamps = trusted.filter(([seq]) => seq <= log.size);
  if (exam.sealedAt !== undefined) stamps.push([log.size, exam.sealedAt]);
  const gaps = gapsOf(log, firstStamps(stamps, log.size));
  for (const gap of gaps) exam.notChecked("time.gap", subjectOf(gap), detailOf(gap));
  if (gaps.length === 0) exam.passed("time.gap", subject, `${log.size} events`);
  exam.facts["time_gaps"] = gaps.map(({ first, last, stamp }) => ({
    first: first.seq,
    last: last.seq,
    claimed: utcText(first.time),
    stamped: stamp === undefined ? null : utcText(stamp),
  }));
}

/** Return for each of *events* events, from the first, when it was first shown to have existed. */
function firstStamps(stamps: readonly (readonly [number, number])[], events: number): (number | undefined)[] {
  const found = new Array<number | undefined>(events).fill(undefined);
  for (const [seq, time] of stamps) {
    if (seq >= 1) found[seq - 1] = Math.min(time, found[seq - 1] ?? time);
  }
  for (let place = events - 2; place >= 0; place--) {
    const [here, later] = [found[place], found[place + 1]];
    if (later !== undefined) found[place] = Math.min(later, here ?? later);
  }
  return found;
}

function gapsOf(log: LogFindings, stamps: readonly (number | undefined)[]): Gap[] {
  const gaps: Gap[] = [];
  let open: Gap | undefined;
  for (const event of log.briefs) {
    if (!(event.seq >= 1 && event.seq <= stamps.length)) continue;
    const stamp = stamps[event.seq - 1];
    if (stamp !== undefined && Math.abs(stamp - event.time) <= TIME_GAP) open = undefined;
    else if (open !== undefined && open.stamp === stamp) open.last = event;
    else {
      open = { first: event, last: event, stamp };
      gaps.push(open);
    }
  }
  return gaps;
}

function subjectOf({ first, last }: Gap): string {
  return first.seq === last.seq ? `event ${first.seq}` : `events ${first.seq} to ${last.seq}`;
}

function detailOf({ first, last, stamp }: Gap): string {
  const until = first === last ? "" : ` to ${utcText(last.time)}`;
  const stamped = stamp === undefined ? "none" : utcText(stamp);
  const claimed = `time claimed by the officer only: ${utcText(first.time)}${until}`;
  return `${claimed}; first trusted time stamp that covers it: ${stamped}`;
}
