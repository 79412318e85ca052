/**
 * Which keys may sign in a log, by the log's own account (evidence-format.md, 4.8).
 *
 * Keys are known by the SHA-256 of their certificate, 64 hexadecimal digits, as `Certificate.fingerprint`.
 */

import { type Bytes, hex } from "../bytes.js";
import { isObject, type JsonObject, whole } from "../canonical.js";
import { parseDigest } from "../digest.js";
import { FormatError } from "../errors.js";
import type { Json } from "../models.js";
import { parseUtc } from "../times.js";
import type { Certificate } from "../trust/certificates.js";
import { type Event, EventType, isWithheld, type WithheldEvent } from "./events.js";

/** One key that was revoked in the log. */
export interface Revocation {
  readonly seq: number;
  /** The key that revoked it. */
  readonly by: string;
  /** From when on nobody should believe the key by itself, ms since 1970. */
  readonly lost: number;
  /** The last event that the revoking officer vouches for. */
  readonly acknowledged: number;
}

/** An event as far as the register looks at it. */
interface Act {
  readonly seq: number;
  readonly type: string;
  readonly by: string;
  readonly detail: JsonObject;
}

/** The keys of a log, followed event by event in the order of the log. */
export class KeyRegister {
  /** Every key that was ever registered, and the event from which on it counts. */
  readonly since = new Map<string, number>();
  readonly revoked = new Map<string, Revocation>();
  /** Registrations that rest on a hand-over which is withheld. */
  readonly unproven: number[] = [];
  private readonly registrar = new Map<string, string>();
  private readonly predecessor = new Map<string, string>();
  /** Hand-overs that name no certificate, by number: whether a key may still register through them. */
  private readonly offers = new Map<number, boolean>();
  private readonly withheld = new Set<number>();

  /** *certificates* are those at hand, by fingerprint, to compare names. */
  constructor(private readonly certificates: ReadonlyMap<string, Certificate>) {}

  /** Take *event* into account; return why its key may not have signed it, or null. */
  follow(event: Event | WithheldEvent): string | null {
    if (isWithheld(event)) {
      if (event.type === EventType.RELEASED) {
        this.offers.set(event.seq, true);
        this.withheld.add(event.seq);
      }
      return null;
    }
    const act = { seq: event.seq, type: event.type, by: event.certificate, detail: event.detail };
    const problem = this.refusal(act);
    if (problem === null) this.take(act);
    return problem;
  }

  /** Whether the keys are one officer's: the same, or one follows the other. */
  samePerson(one: string, other: string): boolean {
    return this.lineOf(one).at(-1) === this.lineOf(other).at(-1);
  }

  /** Whether both certificates name one person, whether or not one key follows the other (RFC 5280, 4.1.2.6). */
  sameName(one: string, other: string): boolean {
    const [first, second] = [this.certificates.get(one), this.certificates.get(other)];
    return first !== undefined && second !== undefined && first.x509.subject.key === second.x509.subject.key;
  }

  private refusal(act: Act): string | null {
    if (this.since.size === 0) return null; // the first event that can be read; another check wants it to be event 1
    const revoked = this.revoked.get(act.by);
    if (revoked !== undefined) return `its key was revoked by event ${revoked.seq}`;
    try {
      if (act.type === EventType.KEY_REGISTERED) return this.refuseRegistration(act);
      if (!this.since.has(act.by)) return "its key is not registered in the log";
      return act.type === EventType.KEY_REVOKED ? this.refuseRevocation(act) : null;
    } catch (error) {
      if (error instanceof FormatError) return error.message;
      throw error;
    }
  }

  private refuseRegistration(act: Act): string | null {
    const key = keyIn(act.detail["certificate"]);
    const replaced = keyOrNull(act.detail["replaces"]);
    if (this.since.has(key)) return `the key it registers was registered by event ${this.since.get(key)}`;
    if (replaced !== null && !(this.since.has(replaced) && this.sameName(key, replaced))) {
      return "it replaces a key that is not registered or bears another name";
    }
    if (this.since.has(act.by)) return null;
    if (act.by !== key) return "its key is not registered in the log";
    const offer = whole(act.detail["transfer"]);
    if (replaced === null && !(offer !== undefined && this.offers.get(offer) === true)) {
      return "its key registers itself, but follows no registered key and accepts no hand-over that is open to it";
    }
    return null;
  }

  private refuseRevocation(act: Act): string | null {
    const key = keyIn(act.detail["certificate"]);
    if (!this.since.has(key) || this.revoked.has(key) || key === act.by) {
      return "it revokes a key that is not registered, or revoked already, or its own";
    }
    const last = readAcknowledged(act.detail).seq;
    parseUtc(act.detail["lost"]);
    if (!(last >= 1 && last < act.seq)) return `it acknowledges event ${last}, which does not stand before it`;
    if (last < act.seq - 1 && !this.mayDisown(act.by, key)) {
      return "it disowns events, which only a successor of their key or of that key's registrar may do";
    }
    return null;
  }

  private mayDisown(by: string, key: string): boolean {
    const line = this.lineOf(by);
    return [key, this.registrar.get(key)].some((old) => old !== undefined && old !== by && line.includes(old));
  }

  private take(act: Act): void {
    if (this.since.size === 0) this.since.set(act.by, act.seq);
    else if (act.type === EventType.KEY_REGISTERED) this.takeRegistration(act);
    else if (act.type === EventType.KEY_REVOKED) {
      this.revoked.set(keyIn(act.detail["certificate"]), {
        seq: act.seq,
        by: act.by,
        lost: parseUtc(act.detail["lost"]),
        acknowledged: readAcknowledged(act.detail).seq,
      });
    } else if (act.type === EventType.RELEASED) {
      const to = act.detail["to"];
      this.offers.set(act.seq, isObject(to) && (to["certificate"] ?? null) === null);
    } else if (act.type === EventType.RECEIVED) {
      const closed = act.detail["released"];
      const number = isObject(closed) ? whole(closed["seq"]) : undefined;
      if (number !== undefined) this.offers.set(number, false);
    }
  }

  private takeRegistration(act: Act): void {
    const key = keyIn(act.detail["certificate"]);
    this.since.set(key, act.seq);
    this.registrar.set(key, act.by);
    const replaced = keyOrNull(act.detail["replaces"]);
    if (replaced !== null) this.predecessor.set(key, replaced);
    const offer = whole(act.detail["transfer"]);
    if (offer === undefined) return;
    this.offers.set(offer, false);
    if (this.withheld.has(offer)) this.unproven.push(act.seq);
  }

  /** Return *key* and those it follows, oldest last; a key follows one that was there before, so this ends. */
  private lineOf(key: string): string[] {
    const line = [key];
    for (let old = this.predecessor.get(key); old !== undefined; old = this.predecessor.get(old)) line.push(old);
    return line;
  }
}

/** Return the event, and the link after it, that a revocation acknowledges; raises `FormatError`. */
export function readAcknowledged(detail: JsonObject): { seq: number; link: Bytes } {
  return readPlace(detail["acknowledged"], "it does not say up to which event the log is acknowledged");
}

/** Return number and link of the event that *value* names; raises `FormatError`, saying *otherwise*. */
export function readPlace(value: Json | undefined, otherwise: string): { seq: number; link: Bytes } {
  const seq = isObject(value) ? whole(value["seq"]) : undefined;
  if (!isObject(value) || seq === undefined || typeof value["link"] !== "string") throw new FormatError(otherwise);
  return { seq, link: parseDigest(value["link"]) };
}

function keyIn(value: Json | undefined): string {
  return hex(parseDigest(value));
}

function keyOrNull(value: Json | undefined): string | null {
  return (value ?? null) === null ? null : keyIn(value);
}
