/** The signatures of a log's lines: most of the time of checking it. */

import type { Bytes } from "../bytes.js";
import { FormatError } from "../errors.js";
import type { Certificate } from "../trust/certificates.js";
import { verifyDetached } from "../trust/cms.js";

/** A signature that is still to be checked, over a line of the log. */
export interface SignedLine {
  /** Number of the line. */
  readonly seq: number;
  /** The certificate that the event names as the actor's, if it is at hand; else its fingerprint. */
  readonly certificate: Certificate | string;
  /** The event's, ms since 1970. */
  readonly time: number;
  /** SHA-256 of the line. */
  readonly line: Bytes;
  readonly signature: Bytes;
}

/** What checking one signature gave. */
export interface SignatureFinding {
  readonly seq: number;
  /** Whose it is, if it holds. */
  readonly signer: Certificate | null;
  /** What is wrong, also with one that holds; or empty. */
  readonly problem: string;
}

/** Check one signature. */
export async function checkSignature(signed: SignedLine): Promise<SignatureFinding> {
  const { seq, certificate } = signed;
  if (typeof certificate === "string") {
    return { seq, signer: null, problem: `the certificate ${certificate} is not in trust/` };
  }
  try {
    const facts = await verifyDetached(signed.signature, signed.line, [certificate]);
    const otherwise = facts.signingTime !== Math.floor(signed.time / 1000) * 1000;
    const problem = otherwise ? "the signature claims another time than the event" : "";
    return { seq, signer: certificate, problem };
  } catch (error) {
    if (error instanceof FormatError) return { seq, signer: null, problem: error.message };
    throw error;
  }
}
