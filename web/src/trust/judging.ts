/** Why a signer's name may be believed: established, practice or claimed (evidence-format.md, 2.3). */

import type { Signer, Trust } from "../models.js";
import { type Certificate, leadsToRoot } from "./certificates.js";

/** The roots that came from outside the evidence. */
export interface TrustedRoots {
  /** From the judge, or a court's kit. */
  readonly established: readonly Certificate[];
  /** The roots of practice keys, as far as somebody gave them. */
  readonly practice: readonly Certificate[];
}

/** One certificate, judged. */
export interface Judgement {
  readonly certificate: Certificate;
  readonly trust: Trust;
  /** Why it is no more than claimed; empty otherwise. */
  readonly detail: string;
}

/** Return the `signers[]` member of a report. */
export function finding({ certificate, trust }: Judgement): Signer {
  const { subject, fingerprint, practice } = certificate;
  return { name: subject, certificate_sha256: fingerprint, trust, practice };
}

/**
 * Judge *certificate* at the time *at* (ms since 1970); *pool* holds possible issuers, none of them trusted for being
 * there. A certificate that marks itself as practice is never established, whatever root it leads to.
 */
export async function judge(
  certificate: Certificate,
  pool: Iterable<Certificate>,
  roots: TrustedRoots,
  at: number,
): Promise<Judgement> {
  const issuers = [...pool];
  const attempts: readonly (readonly [Trust, readonly Certificate[]])[] = [
    ["established", certificate.practice ? [] : roots.established],
    ["practice", certificate.practice ? roots.practice : []],
  ];
  const reasons: string[] = [];
  for (const [trust, anchors] of attempts) {
    const reason = await leadsToRoot(certificate, issuers, anchors, at);
    if (reason === null) return { certificate, trust, detail: "" };
    if (anchors.length > 0) reasons.push(reason);
  }
  return { certificate, trust: "claimed", detail: reasons.join("; ") || "no trusted root is known" };
}
