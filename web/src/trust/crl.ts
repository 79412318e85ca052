/** Certificate revocation lists (RFC 5280, 5). */

import { equal } from "../bytes.js";
import { FormatError } from "../errors.js";
import { type Certificate, signedWith } from "./certificates.js";
import * as der from "./der.js";
import * as extensions from "./extensions.js";
import { schemeOf } from "./keys.js";
import { type Name, readName } from "./names.js";
import type { Revocation, Told } from "./revocation.js";
import { extensionOf, readAlgorithm } from "./x509.js";

/** A list that was read. */
export interface RevocationList {
  readonly tbs: Uint8Array;
  readonly signedAlgorithm: Uint8Array;
  readonly algorithm: Uint8Array;
  readonly signature: Uint8Array;
  readonly issuer: Name;
  /** Ms since 1970. */
  readonly since: number;
  readonly until: number | undefined;
  readonly entries: readonly Entry[];
  readonly extensions: readonly extensions.Extension[];
}

interface Entry {
  readonly serial: Uint8Array;
  readonly time: number;
  readonly extensions: Uint8Array | undefined;
}

const REASON = "2.5.29.21";

/** Names of the reasons (5.3.1) by their numbers. */
const REASONS = new Map([
  [0n, "unspecified"],
  [1n, "keyCompromise"],
  [2n, "cACompromise"],
  [3n, "affiliationChanged"],
  [4n, "superseded"],
  [5n, "cessationOfOperation"],
  [6n, "certificateHold"],
  [8n, "removeFromCRL"],
  [9n, "privilegeWithdrawn"],
  [10n, "aACompromise"],
]);

/** Read a CRL; raises `FormatError`. */
export function readCrl(data: Uint8Array): RevocationList {
  const parts = der.open(der.shallow(data));
  const tbs = parts.next(der.SEQUENCE);
  const algorithm = readAlgorithm(parts.next(der.SEQUENCE));
  const signature = der.bits(der.only(parts, der.BIT_STRING).content).data;
  const found = readTbs(new der.Parts(tbs.content));
  if (!equal(found.signedAlgorithm, algorithm)) throw new FormatError("a list that contradicts itself");
  return { ...found, tbs: tbs.whole, algorithm, signature };
}

function readTbs(parts: der.Parts): Omit<RevocationList, "tbs" | "algorithm" | "signature"> {
  const version = parts.optional(der.INTEGER);
  if (version && der.number(version.content) !== 1n) throw new FormatError("a list of a version that is not known");
  const signedAlgorithm = readAlgorithm(parts.next(der.SEQUENCE));
  const issuer = readName(parts.next(der.SEQUENCE));
  const since = der.time(parts.next());
  const next = parts.optional(der.UTC_TIME) ?? parts.optional(der.GENERALIZED_TIME);
  const revoked = parts.optional(der.SEQUENCE);
  const wrapped = parts.optional(0xa0);
  parts.end();
  const found = wrapped ? extensions.readExtensions(der.open(wrapped.content)) : [];
  for (const { type, value } of found) READERS.get(type)?.(value);
  const entries = revoked ? new der.Parts(revoked.content).rest(der.SEQUENCE).map(readEntry) : [];
  return { signedAlgorithm, issuer, since, until: next && der.time(next), entries, extensions: found };
}

function readEntry({ content }: der.Value): Entry {
  const parts = new der.Parts(content);
  const serial = parts.next(der.INTEGER);
  const time = der.time(parts.next());
  const stated = parts.optional(der.SEQUENCE);
  parts.end();
  der.number(serial.content);
  if (stated) extensions.checkExtensions(new der.Parts(stated.content));
  return { serial: serial.whole, time, extensions: stated?.content };
}

/** Return what a list says about *certificate*; null if nothing, or nothing that *issuer* vouches for. */
export async function crlTells(
  crl: RevocationList,
  certificate: Certificate,
  issuer: Certificate,
): Promise<Told | null> {
  if (crl.until === undefined || !(await vouched(crl, issuer)) || !inScope(crl, certificate)) return null;
  const { serial } = certificate.x509;
  const entry = crl.entries.find((found) => equal(found.serial, serial));
  return { since: crl.since, until: crl.until, revoked: entry ? revocation(entry) : null };
}

async function vouched(crl: RevocationList, issuer: Certificate): Promise<boolean> {
  const hash = schemeOf(crl.algorithm)?.hash;
  if (crl.issuer.key !== issuer.x509.subject.key || hash === undefined || hash === "SHA-1") return false;
  const usage = extensionOf(issuer.x509, extensions.KEY_USAGE);
  if (usage && !extensions.keyUsage(usage).crlSign) return false;
  void issuer.publicKey; // which raises for kinds of keys that are not accepted
  return signedWith(issuer, crl.algorithm, crl.tbs, crl.signature);
}

/** Whether it is a whole list that speaks of such certificates (5.2.5 and 6.3.3 b). */
function inScope(crl: RevocationList, certificate: Certificate): boolean {
  return crl.extensions.every(({ type, critical, value }) => {
    return type === extensions.ISSUING_POINT ? pointFits(issuingPoint(value), certificate) : !critical;
  });
}

interface IssuingPoint {
  readonly names: extensions.PointName["names"];
  readonly relative: boolean;
  readonly userOnly: boolean;
  readonly authorityOnly: boolean;
  /** Indirect, for attribute certificates only, or for some reasons only. */
  readonly partial: boolean;
}

function issuingPoint(value: Uint8Array): IssuingPoint {
  const parts = der.open(value);
  const point = parts.optional(0xa0);
  const userOnly = extensions.flag(parts, 0x81);
  const authorityOnly = extensions.flag(parts, 0x82);
  const reasons = parts.optional(0x83);
  const indirect = extensions.flag(parts, 0x84);
  const attributeOnly = extensions.flag(parts, 0x85);
  parts.end();
  const { names, relative } = point ? extensions.pointName(point.content) : { names: undefined, relative: false };
  const some = reasons ? extensions.someReasons(reasons.content) : false;
  const kinds = [userOnly, authorityOnly, attributeOnly].filter(Boolean).length;
  if (kinds > 1 || !(kinds > 0 || indirect || names?.length || relative || some)) {
    throw new FormatError("a list that does not say what it is about");
  }
  return { names, relative, userOnly, authorityOnly, partial: indirect || attributeOnly || some };
}

function pointFits(point: IssuingPoint, certificate: Certificate): boolean {
  const stated = extensionOf(certificate.x509, extensions.BASIC_CONSTRAINTS);
  const authority = stated !== undefined && extensions.basicConstraints(stated).ca;
  if (point.partial || point.relative || (authority ? point.userOnly : point.authorityOnly)) return false;
  if (point.names === undefined) return true;
  const value = extensionOf(certificate.x509, extensions.CRL_POINTS);
  const named = new Set((value ? extensions.crlPoints(value) : []).flat().map(({ key }) => key));
  return point.names.some(({ key }) => named.has(key));
}

/** Read an entry; raises `FormatError` for one that means something else than it seems to (5.3.3). */
function revocation(entry: Entry): Revocation {
  const found = entry.extensions ? extensions.readExtensions(new der.Parts(entry.extensions)) : [];
  for (const { type, value } of found) ENTRY_READERS.get(type)?.(value);
  if (found.some(({ type, critical }) => critical && type !== REASON)) {
    throw new FormatError("an entry of the list means something else than it seems to");
  }
  const reason = found.find(({ type }) => type === REASON);
  return { time: entry.time, reason: reason ? readReason(der.only(new der.Parts(reason.value), der.ENUMERATED)) : "" };
}

/** Return the name of a CRLReason; raises `FormatError` for one that has none. */
export function readReason({ content }: der.Value): string {
  const name = REASONS.get(extensions.natural(content));
  if (name === undefined) throw new FormatError("a reason that is not known");
  return name;
}

function number(value: Uint8Array): void {
  extensions.natural(der.only(new der.Parts(value), der.INTEGER).content);
}

const READERS = new Map<string, (value: Uint8Array) => unknown>([
  ["2.5.29.20", number],
  ["2.5.29.27", number],
  [extensions.ISSUING_POINT, issuingPoint],
  ...extensions.READERS_OF_LISTS,
]);

const ENTRY_READERS = new Map<string, (value: Uint8Array) => unknown>([
  ["2.5.29.29", extensions.alternativeNames],
  ["2.5.29.24", (value) => der.generalizedTime(der.only(new der.Parts(value), der.GENERALIZED_TIME))],
]);
