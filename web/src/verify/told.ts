/** What the verifier keeps of a log's events: those about items and bundles, and of all others next to nothing. */

import { type Bytes, text, utf8 } from "../bytes.js";
import { dumps, type JsonObject, parse } from "../canonical.js";
import { sealedTo, wasSealed } from "../case/items.js";
import { HEAD_TOKEN } from "../case/layout.js";
import { ENDS, type Event, EventType, HALVES, isWithheld, type WithheldEvent } from "../custody/events.js";
import type { Json } from "../models.js";

/** What of an event's detail is held against the item's own record. */
const COMPARED = (
  "url final_url http_status recorder supplied not_before derived_from address_commitment replaces files bytes"
).split(" ");

/** A time stamp over a head that an event names. */
export interface NamedToken {
  /** The event that names it. */
  readonly seq: number;
  /** Path in the case. */
  readonly name: string;
  readonly digest: Bytes;
}

/** What was heard of the events so far, in the order of the log. */
export class Told {
  first: Event | WithheldEvent | undefined;
  /** The time of the first disclosed event. */
  began: number | undefined;
  /** The time of the last one. */
  ended: number | undefined;
  readonly officers = new Set<string>();
  /** Beginnings and ends of items. */
  readonly halves: Event[] = [];
  /** By item: that it was sealed after it had been committed. */
  readonly sealings = new Map<string, Event>();
  readonly tokens = new Map<string, NamedToken>();
  /** The last beginning of a bundle. */
  bundle: Event | undefined;
  /** The items put into it. */
  bundled: Event[] = [];
  /** Number and type of whatever else follows it. */
  behind: [seq: number, type: string][] = [];

  /** Take the next *event* into account. */
  hear(event: Event | WithheldEvent): void {
    this.first ??= event;
    if (isWithheld(event)) return;
    this.began ??= event.time;
    this.ended = event.time;
    const officer = String(event.actor["name"]);
    if (!this.officers.has(officer)) this.officers.add(own(officer));
    for (const [name, digest] of event.digests) {
      if (HEAD_TOKEN.test(name)) this.tokens.set(`${event.seq} ${name}`, { seq: event.seq, name: own(name), digest });
    }
    if (HALVES.has(event.type) || ENDS.has(event.type)) this.halves.push(inBrief(event));
    if (event.type === EventType.ITEM_SEALED && event.item !== null && !this.sealings.has(event.item)) {
      this.sealings.set(own(event.item), inBrief(event));
    }
    if (event.type === EventType.BUNDLE_STARTED) {
      this.bundle = event;
      this.bundled = [];
      this.behind = [];
    } else if (this.bundle === undefined) return;
    else if (event.type === EventType.BUNDLED) this.bundled.push(inBrief(event));
    else this.behind.push([event.seq, own(event.type)]);
  }

  /** Return the events that items exist by. */
  committed(): Event[] {
    return this.halves.filter((event) => ENDS.has(event.type));
  }
}

/** Return the *event* with what is held against its item: a line may be long, and a log have many. */
function inBrief(event: Event): Event {
  const detail: { [key: string]: Json } = {};
  for (const key of COMPARED) {
    const value = event.detail[key];
    if (value !== undefined) detail[key] = value;
  }
  if (wasSealed(event)) {
    detail["sealed"] = true;
    detail["recipients"] = sealedTo(event);
  }
  const about = [...event.digests].filter(([name]) => name.startsWith("items/") || name.startsWith("seals/"));
  return {
    ...event,
    case: own(event.case),
    type: own(event.type),
    item: event.item === null ? null : own(event.item),
    actor: {},
    digests: new Map(about.map(([name, digest]) => [own(name), digest] as const)),
    purpose: "",
    authority: "",
    place: "",
    outcome: own(event.outcome),
    note: "",
    detail: parse(dumps(detail)) as JsonObject, // its texts on their own, too
  };
}

/** Return the same text on its own: a part of a line keeps the whole line in memory. */
function own(part: string): string {
  return text(utf8(part), "it");
}
