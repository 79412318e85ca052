/** Unsealing takes two people, each with a key of their own (evidence-format.md, 4.12). */

import { isObject, textOr } from "../canonical.js";
import { type Bytes, equal } from "../bytes.js";
import { parseDigest } from "../digest.js";
import { FormatError } from "../errors.js";
import { type Event, EventType, isWithheld, manifestOf, type WithheldEvent } from "./events.js";
import type { KeyRegister } from "./register.js";

/** One request to open a sealed item, and how far it has come. */
interface Unsealing {
  readonly requested: Event;
  /** The link after the request. */
  readonly link: Bytes;
  approved: boolean;
  opened: boolean;
}

/** All requests of a log, followed event by event in the order of the log. */
export class Unsealings {
  /** Events whose request is withheld. */
  readonly unproven: number[] = [];
  private readonly requests = new Map<number, Unsealing>();
  private readonly withheld = new Set<number>();

  /**
   * Take *event* in, *link* being that after it and *keys* those of the log so far; return what does not fit, empty for
   * nothing.
   */
  follow(event: Event | WithheldEvent, link: Bytes, keys: KeyRegister): string {
    if (isWithheld(event)) {
      const half = event.type === EventType.UNSEAL_REQUESTED || event.type === EventType.UNSEAL_APPROVED;
      if (half) this.withheld.add(event.seq);
      return "";
    }
    if (event.type === EventType.UNSEAL_REQUESTED) {
      this.requests.set(event.seq, { requested: event, link, approved: false, opened: false });
      return "";
    }
    const goesOn = event.type === EventType.UNSEAL_APPROVED || event.type === EventType.UNSEAL_OPENED;
    return goesOn ? this.goOn(event, keys) : "";
  }

  private goOn(event: Event, keys: KeyRegister): string {
    let seq: number;
    let link: Bytes;
    try {
      [seq, link] = readRequest(event);
    } catch (error) {
      if (error instanceof FormatError) return error.message;
      throw error;
    }
    if (this.withheld.has(seq)) {
      this.unproven.push(event.seq);
      return "";
    }
    const request = this.requests.get(seq);
    if (request === undefined || !equal(link, request.link) || event.item !== request.requested.item) {
      return `event ${seq} is no request to unseal ${event.item} with this link`;
    }
    const [told, asked] = [manifestOf(event), manifestOf(request.requested)];
    if (told === undefined || asked === undefined ? told !== asked : !equal(told, asked)) {
      return `the request of event ${seq} is about another manifest of ${event.item}`;
    }
    return event.type === EventType.UNSEAL_APPROVED ? approve(seq, request, event, keys) : open(seq, request, event);
  }
}

function approve(seq: number, request: Unsealing, event: Event, keys: KeyRegister): string {
  if (request.approved) return `the request of event ${seq} was agreed to before`;
  const second = textOr(request.requested.detail["second"]);
  const named = [event.actor["name"], event.actor["id"]].filter((each) => each !== "");
  const asked = request.requested.certificate;
  const own = keys.samePerson(event.certificate, asked) || keys.sameName(event.certificate, asked);
  if (own || !named.includes(second)) {
    return `whoever agreed is not the second officer whom event ${seq} names, or signed with a key of the first`;
  }
  request.approved = true;
  return "";
}

function open(seq: number, request: Unsealing, event: Event): string {
  if (!request.approved) return `it was opened without a second officer's agreement to event ${seq}`;
  if (request.opened) return `the agreement to event ${seq} was used before`;
  if (event.certificate !== request.requested.certificate) {
    return `it was opened by another key than the one that asked in event ${seq}`;
  }
  request.opened = true;
  return "";
}

function readRequest(event: Event): [number, Bytes] {
  const named = event.detail["requested"];
  const [seq, link] = isObject(named) ? [named["seq"], named["link"]] : [undefined, undefined];
  if (typeof seq !== "number" || typeof link !== "string") throw new FormatError("it names no request to unseal");
  return [seq, parseDigest(link)];
}
