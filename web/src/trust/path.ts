/** Paths from a certificate to a trusted root (RFC 5280, 6), without policies and revocation. */

import { equal } from "../bytes.js";
import { type Certificate, issued } from "./certificates.js";
import * as der from "./der.js";
import * as extensions from "./extensions.js";
import { isModern } from "./keys.js";
import { breaksConstraints } from "./name_constraints.js";
import { extensionOf, type X509 } from "./x509.js";

/** Issuers between a certificate and its root. */
const DEEPEST = 8;

/** Signatures that are checked in the search of one path, lest names that many certificates share make it endless. */
const MOST_SIGNATURES = 128;

const SERIAL_BYTES = 21;
const RSA_BYTES = 256;

/** Extensions whose meaning is looked at, or that say nothing about paths: other critical ones are refused. */
const UNDERSTOOD = new Set([
  extensions.AUTHORITY_ACCESS,
  extensions.AUTHORITY_KEY,
  extensions.SUBJECT_KEY,
  extensions.KEY_USAGE,
  extensions.ALTERNATIVE_NAME,
  extensions.BASIC_CONSTRAINTS,
  extensions.NAME_CONSTRAINTS,
  extensions.PURPOSES,
  extensions.POLICIES,
  extensions.POLICY_CONSTRAINTS,
  extensions.INHIBIT_ANY_POLICY,
]);

/** Algorithms of issuers' keys: RSA, and ECDSA on P-256, P-384 and P-521. */
const KEYS = [
  der.sequence(der.oid("1.2.840.113549.1.1.1"), der.NOTHING),
  ...["1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35"].map((curve) => {
    return der.sequence(der.oid("1.2.840.10045.2.1"), der.oid(curve));
  }),
];

interface Search {
  readonly pool: readonly Certificate[];
  readonly roots: readonly Certificate[];
  readonly at: number;
  signatures: number;
}

/** Why there is no path; *fatal* ends the whole search. */
interface Refusal {
  readonly why: string;
  readonly fatal: boolean;
}

/** Return null when a path from *leaf* to one of *roots* is valid at *at* (ms, whole seconds), else why not. */
export async function findPath(
  leaf: Certificate,
  pool: readonly Certificate[],
  roots: readonly Certificate[],
  at: number,
): Promise<string | null> {
  const problem = basicProblem(leaf.x509, at) ?? criticalProblem(leaf.x509);
  if (problem !== undefined) return problem;
  const search: Search = { pool, roots, at, signatures: MOST_SIGNATURES };
  const refused = await climb(search, leaf, 0, [leaf]);
  return refused === null ? null : refused.why;
}

/** Go up from the last of *path*; *named* are those whose names the constraints above them bind. */
async function climb(
  search: Search,
  current: Certificate,
  depth: number,
  named: Certificate[],
): Promise<Refusal | null> {
  const constraints = extensionOf(current.x509, extensions.NAME_CONSTRAINTS);
  const broken = constraints && breaksConstraints(extensions.nameConstraints(constraints), named);
  if (broken) return { why: broken, fatal: false };
  if (search.roots.some((root) => root.same(current))) return null;
  if (depth > DEEPEST) return { why: "the path is too long", fatal: false };
  let last: Refusal = { why: "none of the certificates here is that of its authority", fatal: false };
  for (const issuer of candidates(search, current)) {
    const refused = await step(search, current, issuer, depth, named);
    if (refused === null || refused.fatal) return refused;
    last = refused;
  }
  return last;
}

async function step(
  search: Search,
  child: Certificate,
  issuer: Certificate,
  depth: number,
  named: Certificate[],
): Promise<Refusal | null> {
  const problem = issuerProblem(issuer, child, depth, search.at);
  if (problem !== undefined) return { why: problem, fatal: false };
  search.signatures -= 1;
  if (search.signatures < 0) return { why: "too many certificates have the same names", fatal: true };
  if (!(await issued(child, issuer))) return { why: "a signature does not hold", fatal: false };
  const { x509 } = issuer;
  // The names of one that issued for itself are not bound (6.1.3 b).
  return climb(search, issuer, depth + 1, equal(x509.subject.der, x509.issuer.der) ? named : [...named, issuer]);
}

/** Return those that have the issuer's name: trusted ones first, those whose key identifier fits before others. */
function candidates(search: Search, child: Certificate): Certificate[] {
  const wanted = extensionOf(child.x509, extensions.AUTHORITY_KEY);
  const key = wanted && extensions.authorityKey(wanted).key;
  const rank = (candidate: Certificate) => {
    const own = extensionOf(candidate.x509, extensions.SUBJECT_KEY);
    if (!key || !own) return 1;
    return equal(key, extensions.subjectKey(own)) ? 0 : 2;
  };
  const { der } = child.x509.issuer;
  const found = [...search.roots, ...search.pool].filter((candidate) => equal(candidate.x509.subject.der, der));
  return found.sort((one, other) => rank(one) - rank(other));
}

/** Return what forbids *issuer* to have issued *child*, beside a signature that does not hold. */
function issuerProblem(issuer: Certificate, child: Certificate, depth: number, at: number): string | undefined {
  const { x509 } = issuer;
  const basic = basicProblem(x509, at);
  if (basic !== undefined) return basic;
  const stated = extensionOf(x509, extensions.BASIC_CONSTRAINTS);
  const constraints = stated && extensions.basicConstraints(stated);
  if (constraints?.length !== undefined && BigInt(depth) > constraints.length) return "the path is longer than allowed";
  if (!constraints?.ca) return "an issuer in the chain is not a certification authority";
  const usage = extensionOf(x509, extensions.KEY_USAGE);
  if (usage && !extensions.keyUsage(usage).certSign) return "an issuer in the chain may not sign certificates";
  return criticalProblem(x509) ?? keyProblem(issuer, child);
}

function keyProblem(issuer: Certificate, child: Certificate): string | undefined {
  const algorithm = der.open(issuer.x509.spki).next().whole;
  if (!KEYS.some((known) => equal(known, algorithm))) return "an issuer's key is of a kind that is not allowed";
  if (!isModern(child.x509.algorithm)) return "a certificate was signed in a way that is not allowed";
  const key = issuer.anyKeyOrNone;
  if (key === undefined) return "an issuer's key cannot be read";
  if (key.kind === "rsa" && Math.ceil((key.bits + 1) / 8) < RSA_BYTES) return "an issuer's key is too weak";
  return undefined;
}

function basicProblem(x509: X509, at: number): string | undefined {
  if (x509.version !== 3) return "a certificate is not of version 3";
  if (!equal(x509.algorithm, x509.signedAlgorithm)) return "a certificate contradicts itself on its signature";
  if (x509.serial.length - 2 > SERIAL_BYTES) return "a certificate's serial number is too long";
  if (x509.issuer.empty) return "a certificate does not name its issuer";
  if (!x509.timesFit) return "a certificate's times are not in the type wanted";
  return at < x509.notBefore || at > x509.notAfter ? "a certificate is not valid at that time" : undefined;
}

function criticalProblem(x509: X509): string | undefined {
  const unknown = x509.extensions.find(({ type, critical }) => critical && !UNDERSTOOD.has(type));
  return unknown && `a critical extension is not understood: ${unknown.type}`;
}
