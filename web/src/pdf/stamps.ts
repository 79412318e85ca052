/** RFC 3161 tokens inside PDF signatures, as strictly as the kit's own time stamps. */

import type { Bytes } from "../bytes.js";
import { FormatError } from "../errors.js";
import { Certificate } from "../trust/certificates.js";
import * as der from "../trust/der.js";
import { certificatesInside, readReply } from "../trust/timestamps.js";
import type { StampFindings } from "./findings.js";

const GRANTED = der.sequence(der.integer(0));

/** Return what the DER ContentInfo *token* says, which must stamp the SHA-256 *digest*; raises `FormatError`. */
export async function readStamp(token: Bytes, digest: Bytes): Promise<StampFindings> {
  const reply = der.sequence(GRANTED, token);
  try {
    const known = certificatesInside(reply).map((each) => new Certificate(each.slice()));
    const { time, certificate, embedded } = await readReply(reply, digest, known);
    return { time, certificate, embedded };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(`the time stamp in the signature does not hold: ${error.message}`);
  }
}
