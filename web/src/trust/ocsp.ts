/** OCSP responses (RFC 6960). */

import { type Bytes, equal } from "../bytes.js";
import { FormatError } from "../errors.js";
import { Certificate, issued } from "./certificates.js";
import { readReason } from "./crl.js";
import * as der from "./der.js";
import { type Extension, readExtensions } from "./extensions.js";
import { DIGESTS, digest, schemeOf, verifySignature } from "./keys.js";
import { type Name, readName } from "./names.js";
import type { Revocation, Told } from "./revocation.js";
import { readAlgorithm, readOutline } from "./x509.js";

/** A successful response that was read. */
export interface OcspResponse {
  readonly tbs: Uint8Array;
  readonly algorithm: Uint8Array;
  readonly signature: Uint8Array;
  readonly certificates: readonly Certificate[];
  readonly responder: { readonly name: Name | undefined; readonly key: Uint8Array | undefined };
  /** Ms since 1970. */
  readonly producedAt: number;
  readonly singles: readonly Single[];
  readonly extensions: readonly Extension[];
}

/** What it says about one certificate. */
interface Single {
  /** OID of the digest by which issuer and key are named. */
  readonly hash: string;
  readonly issuerName: Uint8Array;
  readonly issuerKey: Uint8Array;
  /** INTEGER, whole. */
  readonly serial: Uint8Array;
  /** Tag of the status, and what stands in it. */
  readonly status: number;
  readonly revoked: { readonly time: number; readonly reason: der.Value | undefined } | undefined;
  readonly since: number;
  readonly until: number | undefined;
}

const BASIC = "1.3.6.1.5.5.7.48.1.1";
const OCSP_SIGNING = "1.3.6.1.5.5.7.3.9";
const GOOD = 0x80;
const REVOKED = 0xa1;
const UNKNOWN = 0x82;

/** How long a response speaks for that says newer ones are always to be had (4.2.2.1), ms. */
const MOMENT = 10 * 60 * 1000;

/** Read a successful response; raises `FormatError`, also for one that is not successful. */
export function readOcsp(data: Uint8Array): OcspResponse {
  const parts = der.open(der.shallow(data));
  const status = der.number(parts.next(der.ENUMERATED).content);
  const wrapped = parts.optional(0xa0);
  parts.end();
  if (status !== 0n) throw new FormatError(`the OCSP responder answered with status ${status}`);
  if (!wrapped) throw new FormatError("an OCSP response without a response");
  const inner = der.open(wrapped.content);
  if (der.dotted(inner.next(der.OID).content) !== BASIC) throw new FormatError("an OCSP response of another kind");
  return readBasic(der.open(der.only(inner, der.OCTETS).content));
}

function readBasic(parts: der.Parts): OcspResponse {
  const tbs = parts.next(der.SEQUENCE);
  const algorithm = readAlgorithm(parts.next(der.SEQUENCE));
  const signature = der.bits(parts.next(der.BIT_STRING).content).data;
  const inside = parts.optional(0xa0);
  parts.end();
  const members = inside ? der.open(inside.content).rest(der.SEQUENCE) : [];
  for (const { whole } of members) readOutline(whole);
  const certificates = members.map(({ whole }) => new Certificate(whole.slice()));
  return { ...readData(new der.Parts(tbs.content)), tbs: tbs.whole, algorithm, signature, certificates };
}

function readData(parts: der.Parts): Pick<OcspResponse, "responder" | "producedAt" | "singles" | "extensions"> {
  const version = parts.optional(0xa0);
  if (version) {
    const stated = der.number(der.only(new der.Parts(version.content), der.INTEGER).content);
    if (stated <= 0n || stated > 255n) throw new FormatError("an OCSP response of no version");
  }
  const id = parts.next();
  const inner = new der.Parts(id.content);
  if (id.tag !== 0xa1 && id.tag !== 0xa2) throw new FormatError("an OCSP response that does not say whose it is");
  const name = id.tag === 0xa1 ? readName(der.only(inner, der.SEQUENCE)) : undefined;
  const key = id.tag === 0xa2 ? der.only(inner, der.OCTETS).content : undefined;
  const producedAt = der.generalizedTime(parts.next(der.GENERALIZED_TIME));
  const singles = parts.into().rest(der.SEQUENCE).map(({ content }) => readSingle(new der.Parts(content)));
  const wrapped = parts.optional(0xa1);
  parts.end();
  const extensions = wrapped ? readExtensions(der.open(wrapped.content)) : [];
  return { responder: { name, key }, producedAt, singles, extensions };
}

function readSingle(parts: der.Parts): Single {
  const id = parts.into();
  const algorithm = readAlgorithm(id.next(der.SEQUENCE));
  const issuerName = id.next(der.OCTETS).content;
  const issuerKey = id.next(der.OCTETS).content;
  const serial = der.only(id, der.INTEGER);
  der.number(serial.content);
  const status = parts.next();
  const revoked = status.tag === REVOKED ? readRevoked(new der.Parts(status.content)) : undefined;
  if (!revoked && ((status.tag !== GOOD && status.tag !== UNKNOWN) || status.content.length > 0)) {
    throw new FormatError("an OCSP response without a status");
  }
  const since = der.generalizedTime(parts.next(der.GENERALIZED_TIME));
  const next = parts.optional(0xa0);
  const wrapped = parts.optional(0xa1);
  parts.end();
  if (wrapped) readExtensions(der.open(wrapped.content));
  const until = next && der.generalizedTime(der.only(new der.Parts(next.content), der.GENERALIZED_TIME));
  const hash = der.dotted(der.open(algorithm).next(der.OID).content);
  return { hash, issuerName, issuerKey, serial: serial.whole, status: status.tag, revoked, since, until };
}

function readRevoked(parts: der.Parts): Single["revoked"] {
  const time = der.generalizedTime(parts.next(der.GENERALIZED_TIME));
  const wrapped = parts.optional(0xa0);
  parts.end();
  return { time, reason: wrapped && der.only(new der.Parts(wrapped.content), der.ENUMERATED) };
}

/** Return what a response says about *certificate*; null if nothing, or nothing that *issuer* vouches for. */
export async function ocspTells(
  response: OcspResponse,
  certificate: Certificate,
  issuer: Certificate,
): Promise<Told | null> {
  if (response.extensions.some(({ critical }) => critical) || !(await vouched(response, issuer))) return null;
  for (const single of response.singles) {
    const found = await toldBy(single, certificate, issuer);
    if (found !== null) return found;
  }
  return null;
}

async function vouched(response: OcspResponse, issuer: Certificate): Promise<boolean> {
  const hash = schemeOf(response.algorithm)?.hash;
  if (hash === undefined || hash === "SHA-1") return false;
  const responders = [issuer];
  for (const found of response.certificates) if (await delegated(response, found, issuer)) responders.push(found);
  for (const responder of responders) if (await signedBy(response, responder)) return true;
  return false;
}

/** Whether *issuer* itself certified *responder* for this, and it was valid when it signed. */
async function delegated(response: OcspResponse, responder: Certificate, issuer: Certificate): Promise<boolean> {
  if (!(await issued(responder, issuer))) return false;
  const valid = responder.notBefore <= response.producedAt && response.producedAt <= responder.notAfter;
  return valid && responder.purposes.includes(OCSP_SIGNING);
}

async function signedBy(response: OcspResponse, responder: Certificate): Promise<boolean> {
  const key = responder.publicKeyOrNone;
  const scheme = schemeOf(response.algorithm);
  if (key === undefined || scheme === undefined || scheme.kind === "ed25519") return false;
  const { name, key: print } = response.responder;
  const own = key.kind === "ec" ? await digest("SHA-1", key.point) : await keyPrint("SHA-1", responder);
  if (name?.key !== responder.x509.subject.key && !(print && equal(print, own))) return false;
  const kind = key.kind === "rsa" ? "pkcs1" : "ecdsa";
  return verifySignature(key, { kind, hash: scheme.hash }, response.tbs, response.signature);
}

/** Return the digest of a certificate's public key, as it stands in its BIT STRING (RFC 5280, 4.2.1.2 (1)). */
async function keyPrint(hash: "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512", certificate: Certificate): Promise<Bytes> {
  const parts = der.open(certificate.x509.spki);
  parts.next(der.SEQUENCE);
  return digest(hash, der.bits(parts.next(der.BIT_STRING).content).data);
}

async function toldBy(single: Single, certificate: Certificate, issuer: Certificate): Promise<Told | null> {
  const hash = DIGESTS.get(single.hash);
  if (hash === undefined) throw new FormatError("an OCSP response with a digest that is not known");
  const same =
    equal(single.serial, certificate.x509.serial) &&
    equal(single.issuerName, await digest(hash, certificate.x509.issuer.der)) &&
    equal(single.issuerKey, await keyPrint(hash, issuer));
  if (!same || single.status === UNKNOWN) return null;
  const revoked: Revocation | null = single.revoked
    ? { time: single.revoked.time, reason: single.revoked.reason ? readReason(single.revoked.reason) : "" }
    : null;
  return { since: single.since, until: single.until ?? single.since + MOMENT, revoked };
}
