/**
 * What authorities say about certificates they revoked: CRLs (RFC 5280, 5) and OCSP responses (RFC 6960).
 *
 * A statement counts only if it is authentic (evidence-format.md, 2.4).
 */

import { type Bytes, hex } from "../bytes.js";
import { sha256 } from "../digest.js";
import { FormatError } from "../errors.js";
import { type Certificate, chainOf } from "./certificates.js";
import { crlTells, readCrl } from "./crl.js";
import { AUTHORITY_ACCESS, CRL_POINTS } from "./extensions.js";
import { ocspTells, readOcsp } from "./ocsp.js";
import { extensionOf } from "./x509.js";

/** That, when (ms since 1970) and why a certificate was revoked. */
export interface Revocation {
  readonly time: number;
  /** As RFC 5280, 5.3.1 names it; empty when the authority gave none. */
  readonly reason: string;
}

/** What one statement says about one certificate; times in ms since 1970. */
export interface Told {
  readonly since: number;
  readonly until: number;
  readonly revoked: Revocation | null;
}

/** What an authority says of its revocations. */
export interface Statement {
  /** The name of its file in `trust/`. */
  readonly name: string;
  /** Return what it says about *certificate*; null if nothing, or nothing that *issuer* vouches for. */
  about(certificate: Certificate, issuer: Certificate): Promise<Told | null>;
}

/** What is known of a certificate at a time. */
export type Standing = "not revoked" | "revoked" | "revoked later" | "unknown";

/** A certificate's standing at a time, and what shows it. */
export interface RevocationFinding {
  readonly standing: Standing;
  readonly detail: string;
  readonly revoked: Revocation | null;
}

const ORDERLY = new Set(["unspecified", "affiliationChanged", "superseded", "cessationOfOperation"]);
const HOLD = "certificateHold";

/** Whether what a time-stamping authority stamped before stays valid (RFC 3161, 4). */
export function isOrderly({ reason }: Revocation): boolean {
  return ORDERLY.has(reason);
}

/** Read a statement of the *kind* `crl` or `ocsp`; raises `FormatError`. */
export function readStatement(kind: string, data: Bytes): Statement {
  const name = `${kind}-${hex(sha256(data))}.der`;
  if (kind === "crl") {
    const crl = readCrl(data);
    return { name, about: onceEach((certificate, issuer) => crlTells(crl, certificate, issuer)) };
  }
  const response = readOcsp(data);
  return { name, about: onceEach((certificate, issuer) => ocspTells(response, certificate, issuer)) };
}

/** Ask each statement once: a CRL may be large, and one authority may have stamped a log thousands of times. */
function onceEach(ask: Statement["about"]): Statement["about"] {
  const answers = new Map<string, Promise<Told | null>>();
  return (certificate, issuer) => {
    const key = `${certificate.fingerprint} ${issuer.fingerprint}`;
    const found = answers.get(key) ?? orNull(ask(certificate, issuer));
    answers.set(key, found);
    return found;
  };
}

async function orNull(told: Promise<Told | null>): Promise<Told | null> {
  try {
    return await told;
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}

/**
 * Return the standing of *certificate* at the time *at*, as far as *statements* tell.
 *
 * A revocation counts from its own time, whenever it was stated; one on hold only until a later statement lifts it.
 * That a certificate was not revoked takes a statement that covers *at*: of that time or later, and from before the
 * certificate's end, after which authorities may drop it (RFC 5280, 3.3).
 */
export async function standingOf(
  certificate: Certificate,
  issuer: Certificate,
  statements: Iterable<Statement>,
  at: number,
): Promise<RevocationFinding> {
  const answers = await Promise.all([...statements].map((statement) => statement.about(certificate, issuer)));
  const told = answers.filter((found) => found !== null).sort((one, other) => one.since - other.since);
  const revoked = told.flatMap((found) => {
    const counts = found.revoked && (found === told.at(-1) || found.revoked.reason !== HOLD);
    return counts && found.revoked ? [found.revoked] : [];
  });
  const [first] = revoked.sort((one, other) => one.time - other.time);
  if (first) {
    const detail = `revoked ${text(first.time)}${first.reason ? ` (${first.reason})` : ""}`;
    return { standing: first.time <= at ? "revoked" : "revoked later", detail, revoked: first };
  }
  const covering = told.filter((found) => found.until >= at && found.since <= certificate.notAfter).at(-1);
  if (covering) {
    const detail = `not revoked, said its authority ${text(covering.since)}`;
    return { standing: "not revoked", detail, revoked: null };
  }
  const old = told.length > 0;
  return unknown(old ? "what its authority said is too old" : "nothing that its authority said about it is here");
}

/**
 * Return the standing of *certificate* and of each issuer above it that is found in *pool*, roots left out.
 *
 * Left out too are those about which there is nothing to know: practice certificates, which nobody can revoke, and
 * those that name no place where their authority tells of revocations, unless a statement about them is here.
 */
export async function standings(
  certificate: Certificate,
  pool: Iterable<Certificate>,
  statements: readonly Statement[],
  at: number,
): Promise<[Certificate, RevocationFinding][]> {
  const path = [certificate, ...(await chainOf(certificate, [...pool].filter(isReadable)))];
  const standing: [Certificate, RevocationFinding][] = [];
  for (const [place, found] of path.entries()) {
    if (found.selfSigned || found.practice) continue;
    const issuer = path[place + 1];
    const finding = issuer
      ? await standingOf(found, issuer, statements, at)
      : unknown("the certificate of its authority is not here");
    if (finding.standing !== "unknown" || namesAPlace(found)) standing.push([found, finding]);
  }
  return standing;
}

/** Whether *certificate* says where its authority tells of revocations. */
export function namesAPlace({ x509 }: Certificate): boolean {
  return [CRL_POINTS, AUTHORITY_ACCESS].some((type) => extensionOf(x509, type) !== undefined);
}

/** Whether it is a certificate at all: some come from unsigned places, and must not hide others. */
export function isReadable(certificate: Certificate): boolean {
  try {
    return certificate.x509 !== undefined;
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}

function unknown(detail: string): RevocationFinding {
  return { standing: "unknown", detail, revoked: null };
}

function text(at: number): string {
  return new Date(at).toISOString();
}
