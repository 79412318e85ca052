/**
 * Check an account (`connections.jsonl`) from nothing but itself: what its kept handshakes still prove
 * (evidence-format.md, 3.5).
 *
 * The server's signature, the Finished MACs and the tags of the handshake's records are computed anew. What cannot be
 * is said: the content is gone, so its tags are not; nor is the link of a resumed session, for the ticket was content.
 */

import type { Bytes } from "../bytes.js";
import { FormatError } from "../errors.js";
import type { Outcome } from "../models.js";
import { readLine, readOpening } from "./account_form.js";
import { contradictions } from "./account_sense.js";
import { type Check, Connection, type Found, type State } from "./recheck_connection.js";

export type { Check } from "./recheck_connection.js";

/** One outcome; *detail* is English. */
export interface Rechecked {
  /** From 1. */
  readonly line: number;
  /** Null where the line could not be read. */
  readonly connection: number | null;
  readonly check: Check;
  readonly outcome: Outcome;
  readonly detail: string;
}

const LINE_FEED = 10;

/**
 * Yield what is found in the *lines* of an account, each with its line feed; raises nothing. It ends at the first line
 * that is none: the numbers and references of the following ones mean nothing then.
 */
export async function* checkAccount(lines: AsyncIterable<Bytes>): AsyncGenerator<Rechecked> {
  const state: State = { connections: 0, last: 0, certificates: new Map(), origins: new Map() };
  let number = 0;
  for await (const line of lines) {
    number++;
    let found: Found[];
    try {
      found = await checkLine(state, number, line);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      yield malformed(number, `line ${number}: ${error.message}`);
      return;
    }
    for (const [check, outcome, detail] of found) {
      yield { line: number, connection: state.last, check, outcome, detail };
    }
  }
  if (number === 0) yield malformed(1, "it is empty");
  else if (state.last !== state.connections) {
    yield malformed(number, `it ends with connection ${state.last} of ${state.connections}`);
  }
}

function malformed(line: number, detail: string): Rechecked {
  return { line, connection: null, check: "connections.lines", outcome: "failed", detail };
}

async function checkLine(state: State, number: number, line: Bytes): Promise<Found[]> {
  if (line[line.length - 1] !== LINE_FEED) throw new FormatError("it is longer than allowed, or has no end");
  const content = line.subarray(0, -1);
  if (number === 1) {
    state.connections = readOpening(content);
    return [];
  }
  const value = readLine(content);
  if (value.id !== state.last + 1) {
    throw new FormatError(`connection ${value.id} comes where connection ${state.last + 1} belongs`);
  }
  state.last = value.id;
  const wrong = [...contradictions(value)].map((detail): Found => ["connections.lines", "failed", detail]);
  return value.tls === null ? wrong : [...wrong, ...(await new Connection(state, value, value.tls).check())];
}
