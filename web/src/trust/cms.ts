/**
 * Detached CAdES signatures (RFC 5652, ETSI EN 319 122-1 baseline B) in one fixed form (evidence-format.md, 2.1).
 *
 * The time, the certificates and the signature value are read; from them the whole is written anew, and compared.
 */

import { type Bytes, compare, concat, equal, hex } from "../bytes.js";
import { FormatError } from "../errors.js";
import type { Certificate } from "./certificates.js";
import * as der from "./der.js";
import { algorithmOf, isLow, OID_OF, verifySignature } from "./keys.js";

/** Object identifiers of CMS and its attributes (RFC 5652, RFC 5035), in DER. */
export const DATA = der.oid("1.2.840.113549.1.7.1");
export const SIGNED_DATA = der.oid("1.2.840.113549.1.7.2");
export const CONTENT_TYPE = der.oid("1.2.840.113549.1.9.3");
export const MESSAGE_DIGEST = der.oid("1.2.840.113549.1.9.4");
export const SIGNING_TIME = der.oid("1.2.840.113549.1.9.5");
export const SIGNING_CERTIFICATE_V2 = der.oid("1.2.840.113549.1.9.16.2.47");
const SHA256 = der.sequence(der.oid(OID_OF.get("SHA-256") as string));
const VERSION_1 = der.integer(1);
const DIGESTS = der.setOf(SHA256);
const CONTENT = der.sequence(DATA);
const ECDSA_SHA256 = algorithmOf("ecdsa", "SHA-256");
const RSA_SHA256 = algorithmOf("pkcs1", "SHA-256");
const CONTENT_TYPE_DATA = der.sequence(CONTENT_TYPE, der.setOf(DATA));

const LARGEST = 64 * 1024;

/** What a signature that holds says. */
export interface SignatureFacts {
  readonly certificate: Certificate;
  /** The time that the signer claims, ms since 1970, whole seconds. */
  readonly signingTime: number;
  /** The certificates inside, in the order of the file. */
  readonly embedded: readonly Certificate[];
}

/**
 * Check that *data* signs content of the SHA-256 *digest* with one of *certificates*, in the fixed form; every
 * certificate inside must be one of them too. Raises `FormatError` when the structure is another, or the signature does
 * not hold. Whether the certificate may be believed is for the caller.
 */
export async function verifyDetached(
  data: Bytes,
  digest: Bytes,
  certificates: Iterable<Certificate>,
): Promise<SignatureFacts> {
  const known = [...certificates];
  const candidates = named(data, known);
  for (const candidate of candidates) {
    const bare = readBare(data, digest, candidate);
    if (bare === undefined) continue;
    await checkSignature(candidate, bare.signed, bare.signature);
    return { certificate: candidate, signingTime: bare.signingTime, embedded: [] };
  }
  const found = read(data);
  const embedded = found.certificates.map((inside) => recorded(inside, known));
  const certificate = signerCertificate(found, candidates);
  if (!equal(found.messageDigest, digest)) throw new FormatError("the signature was made over other content");
  const attributes = signedAttributes(digest, certificate, found.signingTime);
  if (!equal(contentInfo(attributes, found.signature, certificate, embedded), data)) {
    throw new FormatError("the signature file is not in the one form allowed: some of its bytes were changed or added");
  }
  await checkSignature(certificate, der.tlv(der.SET, attributes), found.signature);
  return { certificate, signingTime: found.signingTime, embedded };
}

/** Return the certificates inside the signature *data*, unchecked, as DER; raises `FormatError`. */
export function certificatesOf(data: Bytes): Uint8Array[] {
  return [...read(data).certificates];
}

/** Check a signature over SHA-256 of *data*; ECDSA must be minimal DER with low s. Raises `FormatError`. */
export async function checkSignature(certificate: Certificate, data: Uint8Array, signature: Uint8Array): Promise<void> {
  const key = certificate.signerKey;
  const kind = key.kind === "rsa" ? "pkcs1" : "ecdsa";
  if (!(await verifySignature(key, { kind, hash: "SHA-256" }, data, signature))) {
    throw new FormatError(`the signature does not belong to the content and the key of ${certificate.subject}`);
  }
  if (key.kind === "ec" && !isLow(key.curve, signature)) {
    throw new FormatError("the signature value is not in the one form allowed");
  }
}

/** Return the one of *known* that has these bytes; raises `FormatError`. */
export function recorded(inside: Uint8Array, known: readonly Certificate[]): Certificate {
  const found = known.find((certificate) => equal(certificate.der, inside));
  if (found === undefined) throw new FormatError("it holds a certificate that is not among those recorded");
  return found;
}

/** What is the same in every signature of one length by one certificate without certificates inside. */
interface Frame {
  /** One such signature, zeros where others differ. */
  readonly template: Uint8Array;
  /** Where the 13 characters of the UTCTime, the digest and the signature value begin. */
  readonly time: number;
  readonly digest: number;
  readonly signature: number;
  /** Where the signed attributes stand, with their tag. */
  readonly attributes: readonly [begin: number, end: number];
}

const TIME_SIZE = 13;
const DIGEST_SIZE = 32;
/** Frames kept of one certificate: a signature has one of a few lengths, others come from who wants many. */
const MOST_FRAMES = 64;
const frames = new WeakMap<Certificate, Map<number, Frame | undefined>>();

/**
 * Return time and value of a signature that is, byte for byte, one by *certificate* without certificates inside;
 * undefined leaves it to the reader of structures to say what is wrong. A log has a hundred thousand of these.
 */
function readBare(
  data: Bytes,
  digest: Bytes,
  certificate: Certificate,
): { signed: Bytes; signature: Bytes; signingTime: number } | undefined {
  const frame = frameOf(certificate, data.length);
  if (frame === undefined) return undefined;
  const [time, content] = [frame.time, frame.digest];
  if (!equal(data.subarray(content, content + DIGEST_SIZE), digest)) return undefined;
  const bare = data.slice().fill(0, time, time + TIME_SIZE).fill(0, content, content + DIGEST_SIZE);
  if (!equal(bare.fill(0, frame.signature), frame.template)) return undefined;
  const stated = data.subarray(time, time + TIME_SIZE);
  const signingTime = der.time({ tag: der.UTC_TIME, content: stated, whole: stated });
  const signed = data.slice(...frame.attributes);
  signed[0] = der.SET; // another tag than when they are stored (RFC 5652, 5.4)
  return { signed, signature: data.subarray(frame.signature), signingTime };
}

function frameOf(certificate: Certificate, size: number): Frame | undefined {
  const known = frames.get(certificate) ?? new Map<number, Frame | undefined>();
  frames.set(certificate, known);
  if (!known.has(size)) {
    if (known.size >= MOST_FRAMES) known.clear();
    known.set(size, makeFrame(certificate, size));
  }
  return known.get(size);
}

/** Cut a frame out of a signature that is written for the purpose; undefined where none has that size. */
function makeFrame(certificate: Certificate, size: number): Frame | undefined {
  const digest = certificate.sha256.map((byte) => byte ^ 0xff);
  const attributes = signedAttributes(digest, certificate, 0);
  const least = contentInfo(attributes, new Uint8Array(0), certificate, []).length;
  // The lengths around the value take up to twelve bytes more when it is long.
  for (let value = Math.max(0, size - least - 12); value <= size - least; value++) {
    const template = contentInfo(attributes, new Uint8Array(value), certificate, []);
    if (template.length !== size) continue;
    const stored = der.tlv(0xa0, attributes);
    const begin = place(template, stored);
    const time = begin + place(stored, der.moment(0)) + 2;
    const frame = { template, time, digest: begin + place(stored, digest), signature: size - value };
    template.fill(0, time, time + TIME_SIZE).fill(0, frame.digest, frame.digest + DIGEST_SIZE);
    return { ...frame, attributes: [begin, begin + stored.length] };
  }
  return undefined;
}

/** Return where *part* begins in *data*; -1 when it does not. */
function place(data: Uint8Array, part: Uint8Array): number {
  const first = part[0] as number;
  let at = data.indexOf(first);
  while (at >= 0 && !equal(data.subarray(at, at + part.length), part)) at = data.indexOf(first, at + 1);
  return at;
}

interface Found {
  readonly certificates: readonly Uint8Array[];
  /** IssuerAndSerialNumber, whole. */
  readonly signer: Uint8Array;
  readonly signingTime: number;
  readonly messageDigest: Uint8Array;
  readonly signature: Uint8Array;
}

/** Read the parts that differ from one signature to the next; the rest is compared as a whole later. */
function read(data: Bytes): Found {
  if (data.length > LARGEST) throw new FormatError(`the signature file is larger than ${LARGEST} bytes`);
  const outer = der.open(data);
  outer.next(der.OID);
  const signed = der.open(outer.next(0xa0).content);
  for (const tag of [der.INTEGER, der.SET, der.SEQUENCE]) signed.next(tag);
  const certificates = signed.optional(0xa0);
  const signers = signed.into(der.SET);
  const info = signers.into();
  info.next(der.INTEGER);
  const signer = info.next(der.SEQUENCE).whole;
  info.next(der.SEQUENCE);
  const attributes = readAttributes(info.next(0xa0).content);
  info.next(der.SEQUENCE);
  return {
    certificates: certificates ? new der.Parts(certificates.content).rest(der.SEQUENCE).map(({ whole }) => whole) : [],
    signer,
    signingTime: der.time(attribute(attributes, SIGNING_TIME)),
    messageDigest: attribute(attributes, MESSAGE_DIGEST, der.OCTETS).content,
    signature: info.next(der.OCTETS).content,
  };
}

/** Return the first value of each attribute by its whole OID, in hexadecimal digits; of one given twice, the last. */
export function readAttributes(content: Uint8Array): Map<string, der.Value> {
  const found = new Map<string, der.Value>();
  for (const { content: one } of new der.Parts(content).rest(der.SEQUENCE)) {
    const parts = new der.Parts(one);
    const kind = parts.next(der.OID).whole;
    found.set(hex(kind), new der.Parts(der.only(parts, der.SET).content).next());
  }
  return found;
}

/** Return the attribute of a kind; raises `FormatError` when there is none, or it has another tag. */
export function attribute(attributes: ReadonlyMap<string, der.Value>, kind: Uint8Array, tag?: number): der.Value {
  const found = attributes.get(hex(kind));
  if (!found || (tag !== undefined && found.tag !== tag)) throw new FormatError("a signed attribute is missing");
  return found;
}

/** Return those of *known* whose digest stands in *data*, as the signer's must: others may be anything. */
function named(data: Uint8Array, known: readonly Certificate[]): Certificate[] {
  return known.filter(({ sha256 }) => place(data, sha256) >= 0);
}

function signerCertificate(found: Found, candidates: readonly Certificate[]): Certificate {
  for (const candidate of candidates) {
    if (equal(partsOf(candidate).identifier, found.signer)) return candidate;
  }
  throw new FormatError("the certificate that signed is not there");
}

/** What stands in every signature by one certificate. */
interface SignerParts {
  /** signing-certificate-v2. */
  readonly attribute: Bytes;
  /** Issuer and serial number. */
  readonly identifier: Bytes;
}

const parts = new WeakMap<Certificate, SignerParts>();

function partsOf(certificate: Certificate): SignerParts {
  let found = parts.get(certificate);
  if (found === undefined) {
    const essence = der.sequence(der.sequence(der.sequence(der.octets(certificate.sha256))));
    const { issuer, serial } = certificate.x509;
    found = {
      attribute: der.sequence(SIGNING_CERTIFICATE_V2, der.setOf(essence)),
      identifier: der.sequence(issuer.der, serial),
    };
    parts.set(certificate, found);
  }
  return found;
}

/** Return what stands inside the SET of signed attributes. */
function signedAttributes(digest: Bytes, certificate: Certificate, at: number): Bytes {
  const attributes = [
    CONTENT_TYPE_DATA,
    der.sequence(MESSAGE_DIGEST, der.setOf(der.octets(digest))),
    der.sequence(SIGNING_TIME, der.setOf(der.moment(at))),
    partsOf(certificate).attribute,
  ];
  return concat(...attributes.sort(compare));
}

function contentInfo(
  attributes: Bytes,
  signature: Uint8Array,
  certificate: Certificate,
  embedded: readonly Certificate[],
): Bytes {
  const info = der.sequence(
    VERSION_1,
    partsOf(certificate).identifier,
    SHA256,
    der.tlv(0xa0, attributes),
    certificate.publicKey.kind === "rsa" ? RSA_SHA256 : ECDSA_SHA256,
    der.octets(signature),
  );
  const inside = embedded.length > 0 ? [der.tlv(0xa0, der.sortedOnce(embedded.map((one) => one.der)))] : [];
  const signed = der.sequence(VERSION_1, DIGESTS, CONTENT, ...inside, der.tlv(der.SET, info));
  return der.sequence(SIGNED_DATA, der.tlv(0xa0, signed));
}
