/** The secrets that are kept of a TLS 1.3 handshake: lines of an NSS key log (evidence-format.md, 3.5). */

import { type Bytes, unhex } from "../../bytes.js";
import { FormatError } from "../../errors.js";

/** The handshake traffic secrets of both sides, where there are. */
export interface Secrets {
  readonly client: Bytes | null;
  readonly server: Bytes | null;
  /** The client random that each line names, in hexadecimal; null where there is no line. */
  readonly random: string | null;
}

const LINE = /^(CLIENT|SERVER)_HANDSHAKE_TRAFFIC_SECRET ([0-9a-f]{64}) ([0-9a-f]{64}|[0-9a-f]{96})$/;

/**
 * Read the lines of one handshake, each label once, all of one client random; raises `FormatError` for anything else:
 * what opens content must not be kept, and nothing is hidden there.
 */
export function readSecrets(text: string): Secrets {
  const lines = text.split("\n");
  const rest = lines.pop();
  const found = new Map<string, Bytes>();
  const randoms = new Set<string>();
  for (const line of lines) {
    const [, side, random, secret] = LINE.exec(line) ?? [];
    if (side === undefined || random === undefined || secret === undefined || found.has(side)) throw another();
    found.set(side, unhex(secret));
    randoms.add(random);
  }
  if (rest !== "" || randoms.size > 1) throw another();
  const [random = null] = randoms;
  return { client: found.get("CLIENT") ?? null, server: found.get("SERVER") ?? null, random };
}

/** Return the error for secrets that are not exactly those of the handshake they stand beside. */
export function another(): FormatError {
  return new FormatError("something else stands there than the secrets of this handshake");
}
