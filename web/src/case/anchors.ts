/** Anchor lists: the heads of all cases at one moment, which somebody outside keeps (evidence-format.md, 5.5). */

import type { Bytes } from "../bytes.js";
import { isObject, parse, whole } from "../canonical.js";
import { parseDigest, sha256 } from "../digest.js";
import { attempt, FormatError } from "../errors.js";
import type { Json } from "../models.js";
import { parseUtc } from "../times.js";
import { Certificate } from "../trust/certificates.js";
import { certificatesOf, type SignatureFacts, verifyDetached } from "../trust/cms.js";
import { certificatesInside, readReply, type Token } from "../trust/timestamps.js";

/** What a list says that it is. */
export const SCHEMA = "evidence-kit/anchor-list/1";
const NO_CASE = "it describes no case";
const NO_REGISTER = "it describes no register";

/** The head of one case. */
export interface AnchoredCase {
  readonly number: string;
  readonly events: number;
  readonly head: Bytes;
}

/** What is written down at one moment. */
export interface AnchorList {
  /** Ms since 1970. */
  readonly made: number;
  /** How many were asked to stamp the list. */
  readonly authorities: number;
  /** Of all its vaults. */
  readonly cases: readonly AnchoredCase[];
}

/** An anchor list that came from outside, its seals checked. */
export interface Anchor {
  readonly name: string;
  readonly list: AnchorList;
  readonly signature: SignatureFacts;
  readonly tokens: readonly Token[];
}

/** An anchor list whose seals do not hold, so that nothing can be held against it. */
export interface BrokenAnchor {
  readonly name: string;
  readonly check: "anchor.signature" | "anchor.timestamp";
  readonly problem: string;
}

/** Read the anchor list *name* and its seals, which lie beside it in *files* under their names. */
export async function readAnchor(name: string, files: ReadonlyMap<string, Bytes>): Promise<Anchor | BrokenAnchor> {
  const [data, seal] = [files.get(name), files.get(`${name}.p7s`)];
  const signed = await attempt(async () => {
    if (data === undefined || seal === undefined) throw new FormatError("no signature lies beside the list");
    const inside = certificatesOf(seal).map((der) => new Certificate(Uint8Array.from(der)));
    const signature = await verifyDetached(seal, sha256(data), inside);
    return { signature, list: parseAnchor(data), digest: sha256(data) };
  });
  if (signed instanceof FormatError) return { name, check: "anchor.signature", problem: signed.message };
  const { signature, list, digest } = signed;
  const tokens: Token[] = [];
  for (const beside of ["", "-2", "-3", "-4", "-5", "-6", "-7", "-8", "-9"].map((end) => `${name}${end}.tsr`)) {
    const reply = files.get(beside);
    if (reply === undefined) continue;
    const token = await attempt(() => {
      const inside = certificatesInside(reply).map((der) => new Certificate(Uint8Array.from(der)));
      return readReply(reply, digest, inside);
    });
    if (token instanceof FormatError) {
      return { name, check: "anchor.timestamp", problem: `${beside}: ${token.message}` };
    }
    tokens.push(token);
  }
  return { name, list, signature, tokens };
}

/** Read the list itself; raises `FormatError`. */
export function parseAnchor(data: Uint8Array): AnchorList {
  const value = parse(data);
  const { schema, made, agency, authorities, vaults } = isObject(value) ? value : {};
  const asked = whole(authorities);
  if (schema !== SCHEMA || typeof agency !== "string" || asked === undefined || !Array.isArray(vaults)) {
    throw new FormatError(`it does not say ${SCHEMA}`);
  }
  return { made: parseUtc(made), authorities: count(asked), cases: (vaults as readonly Json[]).flatMap(casesOf) };
}

function casesOf(vault: Json): AnchoredCase[] {
  const { register, cases, missing, unreadable } = isObject(vault) ? vault : {};
  const unread = whole(unreadable);
  if (register === undefined || !Array.isArray(cases) || !Array.isArray(missing) || unread === undefined) {
    throw new FormatError("it describes no vault");
  }
  count(unread);
  checkRegister(register);
  return (cases as readonly Json[]).map((found) => {
    const { number, events, head } = isObject(found) ? found : {};
    const known = whole(events);
    if (typeof number !== "string" || known === undefined || head === undefined) throw new FormatError(NO_CASE);
    return { number, events: count(known), head: parseDigest(head) };
  });
}

function checkRegister(register: Json): void {
  if (register === null) return;
  const { first, entries, head } = isObject(register) ? register : {};
  const known = whole(entries);
  if (first === undefined || known === undefined || head === undefined) throw new FormatError(NO_REGISTER);
  parseDigest(first);
  count(known, 1);
  parseDigest(head);
}

function count(value: number, least = 0): number {
  if (value >= least) return value;
  throw new FormatError(`${value} is no number of events, entries, folders or authorities`);
}
