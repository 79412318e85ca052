/**
 * RFC 3161 time stamps, read so strictly that no byte of them is free (evidence-format.md, 2.2).
 *
 * What the authority signed and its certificates are kept byte for byte; the rest is written anew, and compared.
 */

import { type Bytes, equal } from "../bytes.js";
import { FormatError } from "../errors.js";
import type { Certificate } from "./certificates.js";
import { attribute, readAttributes, recorded } from "./cms.js";
import * as der from "./der.js";
import { algorithmOf, DIGESTS, digest as digestOf, type Hash, isLow, OID_OF, verifySignature } from "./keys.js";

const LARGEST = 256 * 1024;
const SIGNED_DATA = der.oid("1.2.840.113549.1.7.2");
const TST_INFO = der.oid("1.2.840.113549.1.9.16.1.4");
const MESSAGE_DIGEST = der.oid("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE = der.oid("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2 = der.oid("1.2.840.113549.1.9.16.2.47");
const GRANTED = der.sequence(der.integer(0));
const GEN_TIME = /^([0-9]{14})(?:\.([0-9]{1,9}))?Z$/;

/** What a time stamp says: the stamped digest existed at *time*, says the authority. */
export interface Token {
  /** Ms since 1970, with fractions of them. */
  readonly time: number;
  /** The authority's. */
  readonly certificate: Certificate;
  readonly embedded: readonly Certificate[];
  readonly policy: string;
  readonly serial: bigint;
  readonly nonce: bigint | null;
}

/**
 * Check that the kept *reply* stamps the SHA-256 *digest*, in every byte, and return what it says.
 *
 * Every certificate inside must be one of *certificates*. Raises `FormatError` for another structure, when the token
 * stamps something else, and when its signature does not hold. Whether the authority may be believed is for the caller.
 */
export async function readReply(reply: Bytes, digest: Bytes, certificates: Iterable<Certificate>): Promise<Token> {
  const found = read(reply);
  const known = [...certificates];
  const embedded = found.certificates.map((inside) => recorded(inside, known));
  const authority = await authorityOf(found, known);
  await checkSignature(found, authority);
  const { imprint, time, policy, serial, nonce } = found.info;
  if (!equal(imprint, digest)) throw new FormatError("the time stamp belongs to other content");
  if (!equal(write(found, authority), reply)) {
    throw new FormatError("the time stamp is not in the one form allowed: some of its bytes were changed or added");
  }
  const { publicKey: key } = authority;
  const inside = embedded.some((one) => one.same(authority));
  if (inside && key.kind === "ec" && !isLow(key.curve, found.signature)) {
    throw new FormatError("the time stamp's signature value is not in the one form allowed");
  }
  return { time, certificate: authority, embedded, policy, serial, nonce };
}

/** Return the certificates in a kept *reply*, unchecked, as DER; raises `FormatError`. */
export function certificatesInside(reply: Bytes): Uint8Array[] {
  return [...read(reply).certificates];
}

interface Found {
  readonly content: Uint8Array;
  readonly info: Info;
  readonly certificates: readonly Uint8Array[];
  readonly hash: Hash;
  /** The content of the SET of signed attributes, as signed. */
  readonly attributes: Uint8Array;
  readonly messageDigest: Uint8Array;
  /** The digest by which the token names its certificate (RFC 5816; before it SHA-1, RFC 2634). */
  readonly essence: { readonly hash: Hash; readonly value: Uint8Array };
  readonly signature: Uint8Array;
}

/** What a TSTInfo (RFC 3161, 2.4.2) says. */
interface Info {
  readonly imprint: Uint8Array;
  readonly time: number;
  readonly policy: string;
  readonly serial: bigint;
  readonly nonce: bigint | null;
}

function read(reply: Bytes): Found {
  if (reply.length > LARGEST) throw new FormatError(`the time stamp is larger than ${LARGEST} bytes`);
  const outer = der.open(reply);
  outer.next(der.SEQUENCE);
  const token = outer.into();
  outer.end();
  token.next(der.OID);
  const signed = der.open(token.next(0xa0).content);
  signed.next(der.INTEGER);
  signed.next(der.SET);
  const encapsulated = signed.into();
  encapsulated.next(der.OID);
  const content = der.only(new der.Parts(encapsulated.next(0xa0).content), der.OCTETS).content;
  const certificates = new der.Parts(signed.next(0xa0).content).rest(der.SEQUENCE).map(({ whole }) => whole);
  if (certificates.length === 0) throw new FormatError("the time stamp holds no certificate");
  const info = signed.into(der.SET).into();
  info.next(der.INTEGER);
  info.next(der.SEQUENCE);
  const hash = hashOf(info.next(der.SEQUENCE));
  if (hash === "SHA-1") throw new FormatError("the time stamp uses the digest SHA-1");
  const attributes = info.next(0xa0).content;
  info.next(der.SEQUENCE);
  const signature = info.next(der.OCTETS).content;
  const stated = readAttributes(attributes);
  const messageDigest = attribute(stated, MESSAGE_DIGEST, der.OCTETS).content;
  const essence = essenceOf(stated);
  return { content, info: readInfo(content), certificates, hash, attributes, messageDigest, essence, signature };
}

function readInfo(content: Uint8Array): Info {
  const parts = der.open(content);
  parts.next(der.INTEGER);
  const policy = der.dotted(parts.next(der.OID).content);
  const stamped = parts.into();
  if (hashOf(stamped.next(der.SEQUENCE)) !== "SHA-256") throw new FormatError("it belongs to another digest");
  const imprint = der.only(stamped, der.OCTETS).content;
  const serial = der.number(parts.next(der.INTEGER).content);
  const time = readTime(der.ascii(parts.next(der.GENERALIZED_TIME).content));
  for (const tag of [der.SEQUENCE, der.BOOLEAN]) parts.optional(tag); // accuracy, ordering
  const nonce = parts.optional(der.INTEGER);
  for (const tag of [0xa0, 0xa1]) parts.optional(tag); // name of the authority, extensions
  parts.end();
  return { imprint, time, policy, serial, nonce: nonce ? der.number(nonce.content) : null };
}

/** Return a genTime, which may have fractions of seconds; what is below microseconds is rounded, a half down. */
function readTime(said: string): number {
  const match = GEN_TIME.exec(said);
  if (!match) throw new FormatError("the time stamp's time is not in its form");
  const nanos = Number((match[2] ?? "").padEnd(9, "0"));
  const micros = Math.floor(nanos / 1000) + (nanos % 1000 > 500 ? 1 : 0);
  return der.instant(match[1] as string) + micros / 1000;
}

function hashOf(algorithm: der.Value): Hash {
  const found = DIGESTS.get(der.dotted(new der.Parts(algorithm.content).next(der.OID).content));
  if (found === undefined) throw new FormatError("the time stamp uses a digest that is not known");
  return found;
}

function essenceOf(attributes: ReadonlyMap<string, der.Value>): Found["essence"] {
  const [modern, old] = [SIGNING_CERTIFICATE_V2, SIGNING_CERTIFICATE].map((kind) => {
    try {
      return attribute(attributes, kind, der.SEQUENCE);
    } catch (error) {
      if (error instanceof FormatError) return undefined;
      throw error;
    }
  });
  const value = modern ?? old;
  if (value === undefined) throw new FormatError("the time stamp does not name its certificate");
  const first = new der.Parts(value.content).into().into();
  const algorithm = modern && first.optional(der.SEQUENCE);
  const hash = algorithm ? hashOf(algorithm) : modern ? "SHA-256" : "SHA-1";
  return { hash, value: first.next(der.OCTETS).content };
}

/** Find the certificate that the signed attribute names, and see that it is one for time stamps. */
async function authorityOf({ essence }: Found, known: readonly Certificate[]): Promise<Certificate> {
  for (const candidate of known) {
    if (!equal(await candidate.digest(essence.hash), essence.value)) continue;
    if (candidate.stampsTime) return candidate;
    throw new FormatError(`the certificate of ${candidate.subject} is not one for time stamps`);
  }
  throw new FormatError("the certificate of the time-stamping authority is not there");
}

async function checkSignature(found: Found, authority: Certificate): Promise<void> {
  if (!equal(await digestOf(found.hash, found.content), found.messageDigest)) {
    throw new FormatError("the content of the time stamp is not what the authority signed");
  }
  const key = authority.publicKey;
  const kind = key.kind === "rsa" ? "pkcs1" : "ecdsa";
  const signed = der.tlv(der.SET, found.attributes);
  if (!(await verifySignature(key, { kind, hash: found.hash }, signed, found.signature))) {
    throw new FormatError(`the signature of the time-stamping authority ${authority.subject} does not hold`);
  }
}

function write(found: Found, authority: Certificate): Bytes {
  const digestAlgorithm = der.sequence(der.oid(OID_OF.get(found.hash) as string));
  const { issuer, serial } = authority.x509;
  const info = der.sequence(
    der.integer(1),
    der.sequence(issuer.der, serial),
    digestAlgorithm,
    der.tlv(0xa0, found.attributes),
    algorithmOf(authority.publicKey.kind === "rsa" ? "pkcs1" : "ecdsa", found.hash),
    der.octets(found.signature),
  );
  const signed = der.sequence(
    der.integer(3),
    der.setOf(digestAlgorithm),
    der.sequence(TST_INFO, der.tlv(0xa0, der.octets(found.content))),
    der.tlv(0xa0, der.sortedOnce(found.certificates)),
    der.setOf(info),
  );
  return der.sequence(GRANTED, der.sequence(SIGNED_DATA, der.tlv(0xa0, signed)));
}
