/**
 * Hand-overs: an item passes from one officer to another when both have signed (evidence-format.md, 4.7).
 *
 * `released` is the giver's event; `received` the receiver's, which names it by number and link. Until then the
 * hand-over is open, and the giver answers for the item.
 */

import { type Bytes, equal, hex } from "../bytes.js";
import { shorten } from "../display.js";
import { isObject, type JsonObject } from "../canonical.js";
import { digestText, parseDigest } from "../digest.js";
import { FormatError } from "../errors.js";
import type { Json } from "../models.js";
import { ENDS, type Event, EventType, isWithheld, type WithheldEvent } from "./events.js";
import type { Links } from "./log.js";
import { type KeyRegister, readPlace } from "./register.js";
import { isText } from "./requirements.js";

/** How far a hand-over has come; `failed`: the receiver found something else than what was handed over. */
export type HandOverState = "open" | "accepted" | "refused" | "withdrawn" | "failed";

const ANSWERS: readonly string[] = ["accepted", "refused", "failed"];

/** Who is to receive an item, as the giver says. */
interface Party {
  readonly name: string;
  /** The one key that may accept; null: any key but the giver's. */
  readonly certificate: string | null;
  readonly told: JsonObject;
}

/** One item on its way from one officer to another. */
export interface HandOver {
  readonly item: string;
  readonly released: number;
  readonly giver: string;
  /** The giver's key. */
  readonly key: string;
  readonly manifest: Bytes;
  /** The link after the giver's event. */
  readonly link: Bytes;
  readonly to: Party;
  state: HandOverState;
  /** Number of the event that closed it. */
  received: number | null;
}

/** All hand-overs of a log, followed event by event in the order of the log. */
export class Transfers {
  /** By the number of the giver's event. */
  readonly handOvers = new Map<number, HandOver>();
  /** Receipts whose other half is withheld. */
  readonly unproven: number[] = [];
  /** The key of whoever answers for each item. */
  private readonly holders = new Map<string, string>();
  private readonly manifests = new Map<string, Bytes>();
  /** Types of the withheld events, by number. */
  private readonly withheld = new Map<number, string>();
  /** Hand-overs by item: only the last of them can be open without a problem. */
  private readonly open = new Map<string, Set<HandOver>>();
  private blind = false;

  constructor(readonly keys: KeyRegister) {}

  /** Take *event* into account and return what is wrong with it; *links* are those of the log. */
  follow(event: Event | WithheldEvent, links: Links): string[] {
    if (isWithheld(event)) {
      this.withheld.set(event.seq, event.type);
      if (event.type === EventType.RECEIVED) {
        // Somebody took over something: from here on nobody can tell who holds what.
        this.holders.clear();
        this.blind = true;
      }
      return [];
    }
    const problems: string[] = [];
    try {
      if (ENDS.has(event.type)) {
        this.holders.set(event.item ?? "", event.certificate);
        this.manifests.set(event.item ?? "", manifestIn(event));
      } else if (event.type === EventType.ITEM_SEALED) {
        this.manifests.set(event.item ?? "", manifestIn(event)); // who holds it stays the same
      } else if (event.type === EventType.RELEASED) problems.push(...this.release(event, links));
      else if (event.type === EventType.RECEIVED) problems.push(...this.receive(event));
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      problems.push(error.message);
    }
    return problems;
  }

  private holds(item: string, key: string): boolean {
    const holder = this.holders.get(item);
    return holder === undefined || this.keys.samePerson(holder, key);
  }

  private release(event: Event, links: Links): string[] {
    if (!(event.seq > 0 && event.seq < links.length)) return []; // told by the check of the numbers
    const to = readParty(event.detail["to"]);
    const [item, key, manifest] = [event.item ?? "", event.certificate, manifestIn(event)];
    const problems: string[] = [];
    if (!this.holds(item, key)) problems.push(`${item} is handed over by somebody who does not hold it`);
    if ((this.open.get(item)?.size ?? 0) > 0 && !this.blind) {
      problems.push(`${item} is handed over while another hand-over of it is open`);
    }
    if (!equal(this.manifests.get(item) ?? manifest, manifest)) {
      problems.push(`${item} is handed over with another manifest than it was captured with`);
    }
    const giver = String(event.actor["name"]);
    const [released, link] = [event.seq, links.at(event.seq)];
    this.forget(released);
    const given: HandOver = { item, released, giver, key, manifest, link, to, state: "open", received: null };
    this.handOvers.set(released, given);
    this.open.set(item, (this.open.get(item) ?? new Set()).add(given));
    return problems;
  }

  /** Another hand-over takes the number of this one: told by the check of the numbers. */
  private forget(seq: number): void {
    const known = this.handOvers.get(seq);
    if (known !== undefined) this.open.get(known.item)?.delete(known);
  }

  private receive(event: Event): string[] {
    const { seq, link } = readPlace(event.detail["released"], "it does not say which hand-over it answers");
    const given = this.handOvers.get(seq);
    if (given === undefined) {
      if (this.withheld.get(seq) !== EventType.RELEASED) {
        return [`it answers event ${seq}, which is no hand-over before it`];
      }
      this.unproven.push(event.seq);
      this.holders.delete(event.item ?? "");
      return [];
    }
    const problems = [...this.wrongWithAnswer(event, given, link)];
    if (problems.length === 0) this.close(given, event);
    return problems;
  }

  private *wrongWithAnswer(event: Event, given: HandOver, link: Bytes): Generator<string> {
    const key = event.certificate;
    const own = this.keys.samePerson(key, given.key);
    const { certificate } = given.to;
    if (!ANSWERS.includes(event.outcome)) {
      yield `it neither accepts nor refuses, but says ${shorten(event.outcome)}`;
    }
    if (!equal(link, given.link)) {
      yield `it answers event ${given.released} with the link ${digestText(link)}, which is ${digestText(given.link)}`;
    }
    if (event.item !== given.item) yield `it is about ${event.item}, the hand-over about ${given.item}`;
    if (given.state !== "open") yield `the hand-over of event ${given.released} was ${given.state} before`;
    if (own && event.outcome !== "refused") yield "giver and receiver are the same";
    if (!own && certificate !== null && !this.keys.samePerson(certificate, key)) {
      yield "it is signed by another key than the one that the giver named";
    }
    if (event.outcome === "accepted" && !equal(manifestIn(event), given.manifest)) {
      yield `${given.item} is accepted with another manifest than it was handed over with`;
    }
  }

  private close(given: HandOver, event: Event): void {
    const key = event.certificate;
    const own = this.keys.samePerson(key, given.key);
    given.state = event.outcome === "refused" && own ? "withdrawn" : (event.outcome as HandOverState);
    given.received = event.seq;
    this.open.get(given.item)?.delete(given);
    if (given.state === "accepted") this.holders.set(given.item, key);
  }
}

/** Return a hand-over as results have it. */
export function handOverJson(given: HandOver): JsonObject {
  const { item, state, released, received, giver, to } = given;
  return { item, state, released, received, from: giver, to: to.told };
}

function readParty(value: Json | undefined): Party {
  if (isObject(value)) {
    const { name, id, role, agency, certificate } = value;
    const texts = typeof id === "string" && typeof role === "string" && typeof agency === "string";
    if (isText(name) && texts && (certificate === null || typeof certificate === "string")) {
      const key = certificate === null ? null : hex(parseDigest(certificate));
      return { name, certificate: key, told: { name, id, role, agency, certificate } };
    }
  }
  throw new FormatError("the receiver is not described as it must be");
}

function manifestIn(event: Event): Bytes {
  const name = `items/${event.item}/manifest-sha256.txt`;
  const found = event.digests.get(name);
  if (found === undefined) throw new FormatError(`it does not say the digest of ${name}`);
  return found;
}
