/** One line of the custody log: an event, or what stands for a withheld one (evidence-format.md, 4.1 and 4.4). */

import { type Bytes, hex } from "../bytes.js";
import { isObject, type JsonObject, loads } from "../canonical.js";
import { parseDigest } from "../digest.js";
import { FormatError } from "../errors.js";
import type { Json } from "../models.js";
import { parseUtc, readUtc } from "../times.js";

/** The types that this version writes; a reader accepts any other word and shows it as it is. */
export const EventType = {
  CASE_OPENED: "case.opened",
  CAPTURE_STARTED: "capture.started",
  CAPTURED: "captured",
  IMPORT_STARTED: "import.started",
  IMPORTED: "imported",
  DERIVATION_STARTED: "derivation.started",
  DERIVATION_MADE: "derivation.made",
  BUNDLE_STARTED: "bundle.started",
  BUNDLED: "bundled",
  BUNDLE_SEALED: "bundle.sealed",
  BUNDLE_COUNTERSIGNED: "bundle.countersigned",
  BUNDLE_RENEWED: "bundle.renewed",
  VERIFIED: "verified",
  VIEWED: "viewed",
  CONSULTED: "consulted",
  COPIED: "copied",
  DERIVED: "derived",
  MOVED: "moved",
  SEALED: "sealed",
  UNSEALED: "unsealed",
  RELEASED: "released",
  RECEIVED: "received",
  RETURNED: "returned",
  DISPOSED: "disposed",
  CORRECTED: "corrected",
  NOTED: "noted",
  LOCATION_NOTED: "location.noted",
  KEY_REGISTERED: "key.registered",
  KEY_REVOKED: "key.revoked",
  ITEM_SEALED: "item.sealed",
  UNSEAL_REQUESTED: "unseal.requested",
  UNSEAL_APPROVED: "unseal.approved",
  UNSEAL_OPENED: "unseal.opened",
  RECIPIENT_ADDED: "recipient.added",
  RECIPIENT_REMOVED: "recipient.removed",
  SUBJECT_ATTACHED: "subject.attached",
  SUBJECT_DETACHED: "subject.detached",
  RECEIPT: "receipt",
} as const;

/** What begins an item, and what ends it then. */
export const HALVES: ReadonlyMap<string, string> = new Map<string, string>([
  [EventType.CAPTURE_STARTED, EventType.CAPTURED],
  [EventType.IMPORT_STARTED, EventType.IMPORTED],
  [EventType.DERIVATION_STARTED, EventType.DERIVATION_MADE],
]);

/** What an item exists by. */
export const ENDS: ReadonlySet<string> = new Set(HALVES.values());

/** A disclosed event. */
export interface Event {
  readonly seq: number;
  readonly previous: Bytes;
  readonly case: string;
  readonly type: string;
  /** ms since 1970. */
  readonly time: number;
  readonly item: string | null;
  readonly actor: JsonObject;
  /** SHA-256 of the actor's certificate, 64 hexadecimal digits, as `Certificate.fingerprint`. */
  readonly certificate: string;
  /** Path in the case, or a name, to SHA-256. */
  readonly digests: ReadonlyMap<string, Bytes>;
  readonly purpose: string;
  readonly authority: string;
  readonly place: string;
  readonly outcome: string;
  readonly note: string;
  readonly detail: JsonObject;
}

/** Return the manifest of its item that *event* names. */
export function manifestOf(event: Event): Bytes | undefined {
  return event.digests.get(`items/${event.item}/manifest-sha256.txt`);
}

/** A line that stands for an event not disclosed. */
export interface WithheldEvent {
  readonly seq: number;
  /** SHA-256 of the event's line, its line feed included. */
  readonly line: Bytes;
  /** SHA-256 of the DER of its signature. */
  readonly signature: Bytes;
  readonly type: string;
  /** `YYYY-MM-DD`, UTC. */
  readonly day: string;
  readonly ground: string;
  readonly decidedBy: string;
}

/** Bytes of a line with its line feed. */
export const LONGEST_LINE = 4 * 1024 * 1024;

const LINE_FEED = 0x0a;
const EVENT_KEYS = (
  "actor authority case clock detail digests item local note outcome place previous purpose salt seq time type"
).split(" ");
const WITHHELD_KEYS = "day decided_by ground seq signature type withheld".split(" ");
const ACTOR_TEXTS = ["name", "id", "role", "agency", "certificate"];
const ACTOR_KEYS = [...ACTOR_TEXTS, "practice"];
const CLOCK_KEYS = ["source", "offset_ms", "state"];
const ITEM = /^EV-[0-9]{4,}$/;
const SALT = /^[0-9a-f]{64}$/;
const LOCAL = /^(.{19})(?!-00:00)([+-])([01]\d|2[0-3]):([0-5]\d)$/;

export function isWithheld(event: Event | WithheldEvent): event is WithheldEvent {
  return "decidedBy" in event;
}

/** Read one line, its line feed included; raises `FormatError` naming what is wrong. */
export function readLine(line: Bytes): Event | WithheldEvent {
  if (line.indexOf(LINE_FEED) !== line.length - 1) throw new FormatError("not one line ended by a line feed");
  const value = loads(line.subarray(0, -1));
  if (!isObject(value)) throw new FormatError("not a JSON object");
  const withheld = "withheld" in value;
  if (!hasKeys(value, withheld ? WITHHELD_KEYS : EVENT_KEYS)) throw new FormatError("fields missing or not known");
  return withheld ? readWithheld(value) : readEvent(value);
}

/** Whether the keys of *value* are exactly *keys*, in any order. */
export function hasKeys(value: JsonObject, keys: readonly string[]): boolean {
  return Object.keys(value).length === keys.length && keys.every((key) => key in value);
}

function readEvent(value: JsonObject): Event {
  const [actor, clock] = [object(value, "actor"), object(value, "clock")];
  const texts = ACTOR_TEXTS.every((key) => typeof actor[key] === "string");
  if (!hasKeys(actor, ACTOR_KEYS) || !texts || typeof actor["practice"] !== "boolean") {
    throw new FormatError("the actor is not described as it must be");
  }
  const offset = clock["offset_ms"];
  if (!hasKeys(clock, CLOCK_KEYS) || (offset !== null && typeof offset !== "number")) {
    throw new FormatError("the clock is not described as it must be");
  }
  if (!SALT.test(string(value, "salt"))) throw new FormatError("the salt is not 32 bytes in hexadecimal");
  const item = value["item"] as Json;
  if (item !== null && !(typeof item === "string" && ITEM.test(item))) {
    throw new FormatError("item is neither an item's id nor null");
  }
  const time = parseUtc(value["time"]);
  if (momentOfLocal(string(value, "local")) !== Math.floor(time / 1000) * 1000) {
    throw new FormatError("local is not the same moment as time");
  }
  return {
    seq: number(value, "seq"),
    previous: parseDigest(value["previous"]),
    case: string(value, "case"),
    type: string(value, "type"),
    time,
    item,
    actor,
    certificate: hex(parseDigest(actor["certificate"])),
    digests: new Map(Object.entries(object(value, "digests")).map(([name, digest]) => [name, parseDigest(digest)])),
    purpose: string(value, "purpose"),
    authority: string(value, "authority"),
    place: string(value, "place"),
    outcome: string(value, "outcome"),
    note: string(value, "note"),
    detail: object(value, "detail"),
  };
}

/** Return the moment that RFC 3339 text in whole seconds with the zone's offset means, or undefined. */
function momentOfLocal(local: string): number | undefined {
  const found = LOCAL.exec(local);
  const moment = found?.[1] === undefined ? undefined : readUtc(`${found[1]}.000Z`);
  if (!found || moment === undefined) return undefined;
  const offset = (Number(found[3]) * 60 + Number(found[4])) * 60_000;
  return found[2] === "-" ? moment + offset : moment - offset;
}

function readWithheld(value: JsonObject): WithheldEvent {
  const day = string(value, "day");
  parseUtc(`${day}T00:00:00.000Z`);
  return {
    seq: number(value, "seq"),
    line: parseDigest(value["withheld"]),
    signature: parseDigest(value["signature"]),
    type: string(value, "type"),
    day,
    ground: string(value, "ground"),
    decidedBy: string(value, "decided_by"),
  };
}

function string(value: JsonObject, key: string): string {
  const found = value[key];
  if (typeof found !== "string") throw new FormatError(`${key} is not text`);
  return found;
}

function number(value: JsonObject, key: string): number {
  const found = value[key];
  if (typeof found !== "number") throw new FormatError(`${key} is not a whole number`);
  return found;
}

function object(value: JsonObject, key: string): JsonObject {
  const found = value[key];
  if (!isObject(found)) throw new FormatError(`${key} is not an object`);
  return found;
}
