/**
 * A server's certificates at the time of the connection (RFC 5280, 6.1; RFC 9525), without trusting anybody.
 *
 * Looked at are names, dates and signatures along the chain as it was sent. Whether the last one leads to a root that
 * deserves trust is not judged here, and neither are revocation, policies and transparency logs.
 */

import type { Bytes } from "../../bytes.js";
import { shorten } from "../../display.js";
import { FormatError } from "../../errors.js";
import { readName } from "../../trust/names.js";
import { addressBytes } from "./addresses.js";
import { hostNames } from "./extensions.js";
import { isIssuedBy, readX509, type X509 } from "./x509.js";

/** What the certificates say. */
export interface CertificateFacts {
  /** The issuer of the last certificate sent, as RFC 4514 text; empty when it cannot be read. */
  readonly leadsTo: string;
  /** What is wrong with them, in English; empty when nothing is. */
  readonly problems: readonly string[];
}

/** What is to be said where none was sent. */
export const NO_CERTIFICATES: CertificateFacts = { leadsTo: "", problems: [] };

/** How the problem begins where one is broken; the reason follows. */
export const UNREADABLE = "a certificate cannot be read";

/** Judge the chain *ders*, the server's own first, for the *name* asked for (host or address) at the time *at*. */
export async function readCertificates(ders: readonly Bytes[], name: string, at: number): Promise<CertificateFacts> {
  try {
    const chain = ders.map(readX509);
    const [leaf, last] = [chain[0] as X509, chain[chain.length - 1] as X509];
    const problems = [...nameProblems(leaf, name), ...dateProblems(chain, at), ...(await linkProblems(chain, last))];
    return { leadsTo: shorten(readName(last.issuer).text), problems };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { leadsTo: "", problems: [`${UNREADABLE}: ${shorten(error.message)}`] };
  }
}

function* nameProblems(leaf: X509, name: string): Generator<string> {
  const names = hostNames(leaf.extensions);
  if (names === null) {
    yield "the server's certificate names no host";
    return;
  }
  const address = addressBytes(name);
  const fits = address === null ? names.hosts.some((host) => isNamed(host, name)) : names.addresses.includes(address);
  if (!fits) yield `the server's certificate is not for ${shorten(name)}`;
}

/** Return whether *pattern* is *name*, or has `*` for its first label (RFC 9525, 6.3). */
function isNamed(pattern: string, name: string): boolean {
  const wanted = pattern.toLowerCase();
  const host = withoutDots(name.toLowerCase());
  const dot = wanted.indexOf(".");
  const rest = dot < 0 ? "" : wanted.slice(dot + 1);
  const star = wanted.slice(0, dot < 0 ? undefined : dot) === "*" && rest.includes(".");
  return wanted === host || (star && host.includes(".") && rest === host.slice(host.indexOf(".") + 1));
}

/** Return a host without dots at its end. */
export function withoutDots(host: string): string {
  let end = host.length;
  while (host[end - 1] === ".") end--;
  return host.slice(0, end);
}

function* dateProblems(chain: readonly X509[], at: number): Generator<string> {
  for (const [place, certificate] of chain.entries()) {
    if (at < certificate.notBefore) yield `certificate ${place + 1} was not valid before ${day(certificate.notBefore)}`;
    if (at > certificate.notAfter) yield `certificate ${place + 1} was valid until ${day(certificate.notAfter)}`;
  }
}

/** Return a day as it is written; years have as many digits as they need. */
function day(moment: number): string {
  return new Date(moment).toISOString().slice(0, 10).replace(/^0{1,3}/, "");
}

async function linkProblems(chain: readonly X509[], last: X509): Promise<string[]> {
  const problems: string[] = [];
  for (const [place, certificate] of chain.entries()) {
    const issuer = chain[place + 1];
    if (issuer !== undefined && !(await isIssuedBy(certificate, issuer))) {
      problems.push(`certificate ${place + 1} was not signed by the next one`);
    }
  }
  if (readName(last.subject).key !== readName(last.issuer).key) return problems;
  if (!(await isIssuedBy(last, last))) {
    problems.push(`certificate ${chain.length} names itself as its issuer, and did not sign itself`);
  } else if (chain.length === 1) {
    problems.push("the server's certificate is its own issuer");
  }
  return problems;
}
