/**
 * The container of a PDF signature: the CMS in /Contents and the space kept for it (ISO 32000-2, 12.8.1; RFC 5652, 5).
 *
 * These are the only bytes of a signed PDF that the signature does not cover. So everything is read, written anew from
 * what it says, and compared with what stands there.
 */

import { type Bytes, equal, hex, unhex } from "../bytes.js";
import { sha256 } from "../digest.js";
import { FormatError } from "../errors.js";
import { Certificate } from "../trust/certificates.js";
import {
  attribute,
  CONTENT_TYPE,
  checkSignature,
  DATA,
  MESSAGE_DIGEST,
  readAttributes,
  SIGNED_DATA,
  SIGNING_CERTIFICATE_V2,
  SIGNING_TIME,
} from "../trust/cms.js";
import * as der from "../trust/der.js";
import { isReadable } from "../trust/revocation.js";
import { algorithmOf, digest as digestBy, DIGESTS } from "../trust/keys.js";

const STAMP_TOKEN = der.oid("1.2.840.113549.1.9.16.2.14");
const SIGNING_CERTIFICATE = der.oid("1.2.840.113549.1.9.16.2.12");
const PROTECTION = der.oid("1.2.840.113549.1.9.52");
const SHA256 = der.oid("2.16.840.1.101.3.4.2.1");
const LATIN = new TextDecoder("latin1");

/** The two spellings of SHA-256 that are written. */
const DIGEST_ALGORITHMS = [der.sequence(SHA256), der.sequence(SHA256, der.NOTHING)];

/** What stands in the place of the signature: the DER found there and the zeros that fill it up. */
export interface Container {
  readonly der: Bytes;
  readonly padding: Bytes;
}

/** Read the bytes between the two covered ranges; raises `FormatError` when a byte of them is free. */
export function readContainer(place: Uint8Array): Container {
  const digits = LATIN.decode(place.subarray(1, -1));
  if (place[0] !== 0x3c || place.at(-1) !== 0x3e)
    throw new FormatError("the place of the signature is not a hexadecimal string");
  if (!/^(?:[0-9a-f]*|[0-9A-F]*)$/.test(digits) || digits.length % 2 === 1) {
    throw new FormatError("the signature is not written in hexadecimal digits of one kind");
  }
  const data = unhex(digits.toLowerCase());
  const size = new der.Parts(data).next().whole.length;
  const padding = data.slice(size);
  if (padding.some((byte) => byte !== 0)) throw new FormatError("the space after the signature is not empty");
  return { der: data.slice(0, size), padding };
}

/** What a signature's CMS says. */
export interface Signed {
  readonly certificate: Certificate;
  readonly embedded: readonly Certificate[];
  /** The digest that was signed. */
  readonly messageDigest: Uint8Array;
  readonly signature: Uint8Array;
  /** The signature time stamp token (RFC 3161, appendix A). */
  readonly token: Bytes | undefined;
  /** Whether what was signed names the certificate. */
  readonly names: boolean;
  /** The time the signer claims in the signature itself. */
  readonly claimedTime: number | undefined;
}

/** Read a signature, whose value must hold and whose every byte must be in the one form; raises `FormatError`. */
export async function readSigned(data: Bytes): Promise<Signed> {
  const outer = der.open(data);
  outer.next(der.OID);
  const content = der.open(outer.next(0xa0).content);
  for (const tag of [der.INTEGER, der.SET, der.SEQUENCE]) content.next(tag);
  const inside = new der.Parts(content.next(0xa0).content).rest(der.SEQUENCE).map(({ whole }) => whole);
  const info = content.into(der.SET).into();
  info.next(der.INTEGER);
  const signer = info.next(der.SEQUENCE).whole;
  const digestAlgorithm = info.next(der.SEQUENCE).whole;
  const attributes = info.next(0xa0).content;
  info.next(der.SEQUENCE);
  const signature = info.next(der.OCTETS).content;
  const token = info.empty ? undefined : tokenIn(info.next(0xa1).content);
  const embedded = inside.map((each) => new Certificate(each.slice()));
  for (const each of embedded) void each.x509;
  const certificate = embedded.find((each) => isReadable(each) && equal(identifierOf(each), signer));
  if (certificate === undefined) throw new FormatError("the certificate that signed is not inside");
  await checkSignature(certificate, der.tlv(der.SET, attributes), signature);
  const found = { embedded, certificate, attributes, signature, token, digestAlgorithm };
  if (!equal(write(found), data)) throw new FormatError("the signature's structure is not in the kit's form");
  return { ...found, ...(await readSignedAttributes(attributes, found)) };
}

function identifierOf({ x509 }: Certificate): Bytes {
  return der.sequence(x509.issuer.der, x509.serial);
}

/** Return the one token among the unsigned attributes; raises `FormatError`. */
function tokenIn(unsigned: Uint8Array): Bytes {
  const parts = new der.Parts(der.only(new der.Parts(unsigned), der.SEQUENCE).content);
  if (!equal(parts.next(der.OID).whole, STAMP_TOKEN)) throw new FormatError("it holds attributes that nobody signed");
  return der.only(new der.Parts(der.only(parts, der.SET).content), der.SEQUENCE).whole.slice();
}

interface Found {
  readonly embedded: readonly Certificate[];
  readonly certificate: Certificate;
  readonly attributes: Uint8Array;
  readonly signature: Uint8Array;
  readonly token: Bytes | undefined;
  readonly digestAlgorithm: Uint8Array;
}

function write({ embedded, certificate, attributes, signature, token, digestAlgorithm }: Found): Bytes {
  const stamp = token === undefined ? [] : [der.tlv(0xa1, der.sequence(STAMP_TOKEN, der.setOf(token)))];
  const digest = DIGEST_ALGORITHMS.find((each) => equal(each, digestAlgorithm)) ?? (DIGEST_ALGORITHMS[0] as Bytes);
  const info = der.sequence(
    der.integer(1),
    identifierOf(certificate),
    digest,
    der.tlv(0xa0, attributes),
    algorithmOf(certificate.signerKey.kind === "rsa" ? "pkcs1" : "ecdsa", "SHA-256"),
    der.octets(signature),
    ...stamp,
  );
  const certificates = der.sortedOnce(embedded.map((each) => each.der));
  const signed = der.sequence(
    der.integer(1),
    der.setOf(digest),
    der.sequence(DATA),
    der.tlv(0xa0, certificates),
    der.setOf(info),
  );
  return der.sequence(SIGNED_DATA, der.tlv(0xa0, signed));
}

/** Read what was signed beside the digest; raises `FormatError` when it contradicts the rest. */
async function readSignedAttributes(
  content: Uint8Array,
  found: Found,
): Promise<Pick<Signed, "messageDigest" | "claimedTime" | "names">> {
  const count = new der.Parts(content).rest(der.SEQUENCE).length;
  const attributes = readAttributes(content);
  if (attributes.size !== count) throw new FormatError("a signed attribute stands twice");
  if (!equal(attribute(attributes, CONTENT_TYPE).whole, DATA))
    throw new FormatError("it signs another kind of content");
  const named = attributes.get(hex(SIGNING_CERTIFICATE_V2)) ?? attributes.get(hex(SIGNING_CERTIFICATE));
  if (named !== undefined) await checkNamed(named, attributes.has(hex(SIGNING_CERTIFICATE_V2)), found.certificate);
  const protection = attributes.get(hex(PROTECTION));
  if (protection !== undefined) checkProtection(protection, found);
  const time = attributes.get(hex(SIGNING_TIME));
  const messageDigest = attribute(attributes, MESSAGE_DIGEST, der.OCTETS).content;
  return { messageDigest, claimedTime: time && der.time(time), names: named !== undefined };
}

/** Want signing-certificate-v2 (RFC 5035; before it RFC 2634) to name the certificate that signed. */
async function checkNamed(value: der.Value, modern: boolean, certificate: Certificate): Promise<void> {
  const first = new der.Parts(value.content).into().into();
  const algorithm = modern ? first.optional(der.SEQUENCE) : undefined;
  const name = algorithm && der.dotted(new der.Parts(algorithm.content).next(der.OID).content);
  const hash = name === undefined ? (modern ? "SHA-256" : "SHA-1") : DIGESTS.get(name);
  const stated = first.next(der.OCTETS).content;
  const own = hash === undefined ? undefined : await digestBy(hash, certificate.der);
  if (own === undefined || !equal(own, stated))
    throw new FormatError("it names another certificate than the one that signed");
}

/** Want CMSAlgorithmProtection (RFC 6211) to name the algorithms that stand outside. */
function checkProtection(value: der.Value, { certificate, digestAlgorithm }: Found): void {
  const parts = new der.Parts(value.content);
  const digest = parts.next(der.SEQUENCE).content;
  const own = new der.Parts(digestAlgorithm).into().next(der.OID).whole;
  const signature = parts.optional(0xa1);
  const kind = certificate.signerKey.kind === "rsa" ? "pkcs1" : "ecdsa";
  const expected = new der.Parts(algorithmOf(kind, "SHA-256")).into().next(der.OID).whole;
  const agrees = signature !== undefined && equal(new der.Parts(signature.content).next(der.OID).whole, expected);
  if (!agrees || !equal(new der.Parts(digest).next(der.OID).whole, own)) {
    throw new FormatError("it protects other algorithms than those that it uses");
  }
}

/** Return the SHA-256 of a signature value: what its time stamp stamps. */
export function digestOfValue({ signature }: Signed): Bytes {
  return sha256(signature);
}
