/**
 * X.509 certificates (RFC 5280): their names, their one PEM form, chains, and the mark of practice.
 *
 * A practice certificate carries the policy `PRACTICE_POLICY` in a critical certificatePolicies extension.
 */

import { type Bytes, base64, equal, hex, unbase64, utf8 } from "../bytes.js";
import { sha256 } from "../digest.js";
import { FormatError } from "../errors.js";
import * as der from "./der.js";
import * as extensions from "./extensions.js";
import { digest, type Hash, type PublicKey, readKey, schemeOf, verifySignature } from "./keys.js";
import { findPath } from "./path.js";
import { extensionOf, readX509, type X509 } from "./x509.js";

/** Our own policy, in the arc of UUIDs that anyone may use (ITU-T X.667). */
export const PRACTICE_POLICY = "2.25.166233576829314670419696731065251590887.1";

const TIME_STAMPING = "1.3.6.1.5.5.7.3.8";

/** What authorities may still have, and what a signer's key needs, in bits. */
const RSA_BITS = 2048;
const SIGNER_RSA_BITS = 3072;

const BEGIN = "-----BEGIN CERTIFICATE-----";
const END = "-----END CERTIFICATE-----";

/** One certificate, known by its DER bytes; what is asked of it raises `FormatError` when it is not a certificate. */
export class Certificate {
  private known: X509 | undefined;
  private print: Bytes | undefined;
  private printed: string | undefined;
  private key: PublicKey | undefined;
  private readonly digests = new Map<Hash, Promise<Bytes>>();
  /** Whether it was issued by others, each asked once, by their fingerprints. */
  readonly parents = new Map<string, Promise<boolean>>();

  constructor(readonly der: Bytes) {}

  get x509(): X509 {
    this.known ??= readX509(this.der);
    return this.known;
  }

  /** SHA-256 of the DER, 32 bytes. */
  get sha256(): Bytes {
    this.print ??= sha256(this.der);
    return this.print;
  }

  /** The same as 64 hexadecimal digits. */
  get fingerprint(): string {
    this.printed ??= hex(this.sha256);
    return this.printed;
  }

  /** Another digest of the DER. */
  digest(hash: Hash): Promise<Bytes> {
    const found = this.digests.get(hash) ?? digest(hash, this.der);
    this.digests.set(hash, found);
    return found;
  }

  /** The common name when there is one, else the whole name; text from outside, not escaped. */
  get subject(): string {
    return this.x509.subject.readable;
  }

  /** The issuer's name in the form of `subject`. */
  get issuer(): string {
    return this.x509.issuer.readable;
  }

  /** Whether the certificate says of itself that it is for practice only. */
  get practice(): boolean {
    const value = extensionOf(this.x509, extensions.POLICIES);
    return value !== undefined && extensions.policies(value).includes(PRACTICE_POLICY);
  }

  /** Whether it is one for time stamps (RFC 3161, 2.3). */
  get stampsTime(): boolean {
    return this.purposes.includes(TIME_STAMPING);
  }

  /** The OIDs of its purposes. */
  get purposes(): string[] {
    const value = extensionOf(this.x509, extensions.PURPOSES);
    return value ? extensions.purposes(value) : [];
  }

  /** Whether subject and issuer are the same name. */
  get selfSigned(): boolean {
    return this.x509.subject.key === this.x509.issuer.key;
  }

  /** The beginning of validity, ms since 1970. */
  get notBefore(): number {
    return this.x509.notBefore;
  }

  /** The end of validity, ms since 1970. */
  get notAfter(): number {
    return this.x509.notAfter;
  }

  /** The key, of whatever kind; raises `FormatError` for kinds that are not known here. */
  get anyKey(): PublicKey {
    this.key ??= readKey(this.x509.spki);
    return this.key;
  }

  /** The key, of whatever kind that is known here. */
  get anyKeyOrNone(): PublicKey | undefined {
    try {
      return this.anyKey;
    } catch (error) {
      if (error instanceof FormatError) return undefined;
      throw error;
    }
  }

  /** The key; raises `FormatError` when it is neither P-256, P-384 nor RSA of 2,048 bits or more. */
  get publicKey(): PublicKey {
    return this.keyOf(RSA_BITS);
  }

  /** The same, undefined when it is of another kind. */
  get publicKeyOrNone(): PublicKey | undefined {
    try {
      return this.publicKey;
    } catch (error) {
      if (error instanceof FormatError) return undefined;
      throw error;
    }
  }

  /** The key of a signer; raises `FormatError` when it is neither P-256, P-384 nor RSA of 3,072 bits or more. */
  get signerKey(): PublicKey {
    return this.keyOf(SIGNER_RSA_BITS);
  }

  private keyOf(bits: number): PublicKey {
    const key = this.anyKey;
    const accepted = key.kind === "rsa" ? key.bits >= bits : key.kind === "ec" && key.curve !== "P-521";
    if (!accepted) throw new FormatError(`its key is none that is accepted: P-256, P-384, RSA of ${bits} bits or more`);
    return key;
  }

  /** Return the one PEM form that the kit accepts in a case or bundle (RFC 7468, 64 columns, LF). */
  pem(): Bytes {
    const lines = base64(this.der).match(/.{1,64}/g) ?? [];
    return utf8([BEGIN, ...lines, END, ""].join("\n"));
  }

  same(other: Certificate): boolean {
    return this === other || equal(this.der, other.der);
  }
}

/** Read one DER certificate or any number of PEM ones; raises `FormatError` when there is none. */
export function loadCertificates(data: Bytes): Certificate[] {
  const found = (data[0] === der.SEQUENCE ? [] : blocks(der.ascii(data))).map((block) => new Certificate(block));
  if (found.length === 0) found.push(new Certificate(data));
  for (const certificate of found) void certificate.x509;
  return found;
}

function blocks(said: string): Bytes[] {
  const found: Bytes[] = [];
  for (let at = said.indexOf(BEGIN); at >= 0; at = said.indexOf(BEGIN, at)) {
    const end = said.indexOf(END, at);
    if (end < 0) throw new FormatError("a certificate in PEM without its end");
    found.push(unbase64(said.slice(at + BEGIN.length, end).replace(/[ \t\r\n]/g, "")));
    at = end + END.length;
  }
  return found;
}

/** Return *certificates* without those that stand there before. */
export function distinct(certificates: Iterable<Certificate>): Certificate[] {
  return [...new Map([...certificates].map((certificate) => [certificate.fingerprint, certificate])).values()];
}

/** Return the issuers of *leaf* found in *pool*, nearest first, as far as they go; signatures are checked. */
export async function chainOf(leaf: Certificate, pool: Iterable<Certificate>): Promise<Certificate[]> {
  const left = distinct(pool);
  const chain: Certificate[] = [];
  let current = leaf;
  while (!current.selfSigned) {
    const above = await issuerOf(current, left);
    if (above === undefined) break;
    left.splice(left.indexOf(above), 1);
    chain.push(above);
    current = above;
  }
  return chain;
}

async function issuerOf(child: Certificate, candidates: readonly Certificate[]): Promise<Certificate | undefined> {
  for (const candidate of candidates) if (await issued(child, candidate)) return candidate;
  return undefined;
}

/** Return whether *parent* signed *child*, and is named in it; raises `FormatError` when one is no certificate. */
export async function issued(child: Certificate, parent: Certificate): Promise<boolean> {
  const { tbs, issuer, algorithm, signedAlgorithm, signature } = child.x509;
  if (!equal(issuer.der, parent.x509.subject.der) || !equal(algorithm, signedAlgorithm)) return false;
  const found = child.parents.get(parent.fingerprint) ?? signedWith(parent, algorithm, tbs, signature);
  child.parents.set(parent.fingerprint, found);
  return found;
}

/** Return whether *signature*, of the kind that *algorithm* names, is over *data* with the key of *certificate*. */
export async function signedWith(
  certificate: Certificate,
  algorithm: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const scheme = schemeOf(algorithm);
  const key = certificate.anyKeyOrNone;
  return scheme !== undefined && key !== undefined && verifySignature(key, scheme, data, signature);
}

/**
 * Return null when a path from *leaf* to one of *roots* is valid at the time *at*, else why there is none.
 *
 * RFC 5280, 6, without revocation and policies. Purposes (EKU) are the caller's business. A leaf that is itself one of
 * *roots* has no authority above it, and leads nowhere. Raises `FormatError` when one in *pool* is no certificate.
 */
export async function leadsToRoot(
  leaf: Certificate,
  pool: Iterable<Certificate>,
  roots: readonly Certificate[],
  at: number,
): Promise<string | null> {
  const anchors = roots.filter((root) => !root.same(leaf));
  if (anchors.length === 0) return "no trusted root is known";
  const others = [...pool].filter((certificate) => !certificate.same(leaf));
  for (const certificate of [...anchors, leaf, ...others]) void certificate.x509;
  return findPath(leaf, others, anchors, Math.floor(at / 1000) * 1000);
}

