/** What an event of each type must carry (evidence-format.md, 4.1); nothing is wanted of types that are not known. */

import { isObject } from "../canonical.js";
import { parseDigest } from "../digest.js";
import { FormatError } from "../errors.js";
import type { Json } from "../models.js";
import { parseUtc } from "../times.js";
import { type Event, EventType } from "./events.js";
import { isRecipient } from "./recipients.js";
import { isSubject } from "./subjects.js";

/** Whether a member of `detail` is of the right kind. */
type Fits = (value: Json) => boolean;

/** What one type of event must carry. */
interface Requirement {
  /** True: it is about an item; false: never; absent: about one, or about the case as a whole. */
  readonly item?: boolean;
  /** Names in `digests`, `ID` standing for the item. */
  readonly digests?: readonly string[];
  /** Those that may not be empty. */
  readonly texts?: readonly ("purpose" | "authority" | "place" | "note")[];
  readonly detail?: Readonly<Record<string, Fits>>;
  /** Members of `detail` that need not be there. */
  readonly optional?: Readonly<Record<string, Fits>>;
  /** The only outcomes there are. */
  readonly outcomes?: readonly string[];
}

/** Nothing but white space: Unicode's, and the separators U+001C to U+001F. */
const BLANK = /^[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*$/;
const MANIFEST = "items/ID/manifest-sha256.txt";

/** Whether *value* is text that is more than white space. */
export function isText(value: Json | undefined): value is string {
  return typeof value === "string" && !BLANK.test(value);
}

const number: Fits = (value) => typeof value === "number";
const anything: Fits = () => true;
const digest: Fits = (value) => reads(parseDigest, value);
const time: Fits = (value) => reads(parseUtc, value);
const orNull = (fits: Fits): Fits => (value) => value === null || fits(value);

function reads(parse: (value: Json) => unknown, value: Json): boolean {
  try {
    parse(value);
    return true;
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}

/** Whether *value* says in which lists of hash values files were looked up, and how many were found. */
function isConsultations(value: Json): boolean {
  const count = orNull(number);
  return (
    Array.isArray(value) &&
    value.every(
      (each) =>
        isObject(each) &&
        each.list !== undefined &&
        digest(each.list) &&
        each.entries !== undefined &&
        number(each.entries) &&
        each.pdq !== undefined &&
        count(each.pdq) &&
        each.hits !== undefined &&
        count(each.hits),
    )
  );
}

const REISSUED: Requirement = { item: false, digests: ["root", "tagmanifest-sha256.txt", "previous"] };

const RECIPIENT: Requirement = {
  item: false,
  detail: {
    recipient: isRecipient,
    use: (value) => value === "content" || value === "seal",
    pseudonym: orNull(isSubject),
  },
};

const REQUIREMENTS: ReadonlyMap<string, Requirement> = new Map<string, Requirement>([
  [EventType.CASE_OPENED, { item: false, detail: { format: number }, optional: { synced: isText } }],
  [EventType.CAPTURE_STARTED, { item: true, detail: { url: anything } }],
  [
    EventType.CAPTURED,
    {
      item: true,
      digests: [MANIFEST, "seals/ID/manifest-sha256.txt.p7s"],
      detail: { url: anything, final_url: anything, http_status: anything, recorder: anything },
      outcomes: ["complete", "incomplete", "failed"],
    },
  ],
  [EventType.IMPORT_STARTED, { item: true, detail: { asked: isObject }, optional: { hash_lists: isConsultations } }],
  [
    EventType.IMPORTED,
    {
      item: true,
      digests: [MANIFEST, "seals/ID/manifest-sha256.txt.p7s"],
      detail: { supplied: isObject },
      outcomes: ["complete", "incomplete", "failed"],
    },
  ],
  [EventType.DERIVATION_STARTED, { item: true, detail: { derived_from: Array.isArray, method: isText } }],
  [
    EventType.DERIVATION_MADE,
    {
      item: true,
      digests: [MANIFEST, "seals/ID/manifest-sha256.txt.p7s"],
      detail: { derived_from: Array.isArray, method: isText },
      outcomes: ["complete", "incomplete", "failed"],
    },
  ],
  [EventType.BUNDLE_STARTED, { item: false }],
  [EventType.BUNDLED, { item: true, digests: [MANIFEST] }],
  [EventType.BUNDLE_SEALED, { item: false, digests: ["root", "tagmanifest-sha256.txt"] }],
  [EventType.BUNDLE_COUNTERSIGNED, REISSUED],
  [EventType.BUNDLE_RENEWED, REISSUED],
  [
    EventType.VERIFIED,
    {
      item: false,
      detail: { verdict: isText, head: orNull(digest), checks: isObject, failed: Array.isArray },
      outcomes: ["pass", "fail"],
    },
  ],
  [EventType.SUBJECT_ATTACHED, { item: true, detail: { pseudonym: isSubject } }],
  [EventType.SUBJECT_DETACHED, { item: true, detail: { pseudonym: isSubject } }],
  [
    EventType.ITEM_SEALED,
    {
      item: true,
      digests: [MANIFEST, "seals/ID/sealed.p7s", "items/ID/sealed.json"],
      texts: ["purpose"],
      detail: { replaces: digest, files: number, bytes: number },
    },
  ],
  [
    EventType.UNSEAL_REQUESTED,
    { item: true, digests: [MANIFEST], texts: ["purpose"], detail: { second: isText } },
  ],
  [EventType.UNSEAL_APPROVED, { item: true, digests: [MANIFEST], detail: { requested: isObject } }],
  [
    EventType.UNSEAL_OPENED,
    { item: true, digests: [MANIFEST], texts: ["purpose"], detail: { requested: isObject, files: number } },
  ],
  [EventType.RECIPIENT_ADDED, RECIPIENT],
  [EventType.RECIPIENT_REMOVED, RECIPIENT],
  [EventType.RECEIPT, { item: true, digests: [MANIFEST, "receipt.txt"], detail: { head: digest, seq: number } }],
  [EventType.VIEWED, { texts: ["purpose"] }],
  [EventType.CONSULTED, { texts: ["purpose"], detail: { party: isText } }],
  [EventType.COPIED, { texts: ["purpose", "place"] }],
  [EventType.DERIVED, { item: true, texts: ["purpose"], detail: { method: isText, change: isText } }],
  [EventType.MOVED, { texts: ["place"], detail: { from: isText } }],
  [EventType.SEALED, { detail: { seal_number: isText } }],
  [EventType.UNSEALED, { texts: ["purpose"], detail: { seal_number: isText } }],
  [
    EventType.RELEASED,
    {
      item: true,
      digests: [MANIFEST],
      texts: ["purpose"],
      detail: { to: isObject, condition: anything },
      outcomes: ["offered"],
    },
  ],
  [
    EventType.RECEIVED,
    { item: true, detail: { released: isObject, condition: anything }, outcomes: ["accepted", "refused", "failed"] },
  ],
  [EventType.RETURNED, { detail: { party: isText } }],
  [EventType.DISPOSED, { texts: ["authority"], detail: { method: isText, witness: isText } }],
  [EventType.CORRECTED, { texts: ["note"], detail: { corrects: number } }],
  [EventType.NOTED, { texts: ["note"] }],
  [EventType.LOCATION_NOTED, { detail: { address: isText, seen: time, party: isText } }],
  [
    EventType.KEY_REGISTERED,
    {
      item: false,
      detail: { certificate: digest, subject: anything, replaces: orNull(digest), transfer: orNull(number) },
    },
  ],
  [
    EventType.KEY_REVOKED,
    { item: false, detail: { certificate: digest, reason: isText, lost: time, acknowledged: isObject } },
  ],
]);

/** Return what *event* ought to carry and does not, as names of fields. */
export function wanting(event: Event): string[] {
  const requirement = REQUIREMENTS.get(event.type);
  return requirement === undefined ? [] : [...missing(event, requirement)];
}

function* missing(event: Event, requirement: Requirement): Generator<string> {
  if (requirement.item !== undefined && requirement.item !== (event.item !== null)) yield "item";
  for (const name of requirement.digests ?? []) {
    const meant = name.replace("ID", () => String(event.item));
    if (!event.digests.has(meant)) yield `digests.${meant}`;
  }
  for (const name of requirement.texts ?? []) if (!isText(event[name])) yield name;
  for (const [name, fits] of Object.entries(requirement.detail ?? {})) {
    const value = event.detail[name];
    if (value === undefined || !fits(value)) yield `detail.${name}`;
  }
  for (const [name, fits] of Object.entries(requirement.optional ?? {})) {
    const value = event.detail[name];
    if (value !== undefined && !fits(value)) yield `detail.${name}`;
  }
  if (requirement.outcomes !== undefined && !requirement.outcomes.includes(event.outcome)) yield "outcome";
}
