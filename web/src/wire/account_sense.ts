/**
 * What one line of an account says twice has to agree (evidence-format.md, 3.5): found without any key.
 *
 * Whoever takes a proof out of a line has to take out what speaks of it too; what he cannot then say is that the
 * connection was opened and verified.
 */

import { type Line, SIDES, type StatedHandshake, type StatedTls } from "./account_form.js";

/** The subjects of the findings, in their order. */
export const SUBJECTS = ["tls.keys", "tls.handshake", "tls.finished", "tls.records", "tls.server-proof"] as const;
export type Subject = (typeof SUBJECTS)[number];

/** Bytes kept of one side at most. */
export const LARGEST = 256 * 1024;

/** Bytes of a record with its header (RFC 8446, 5.2). */
const LONGEST_RECORD = 5 + 2 ** 14 + 256;

/** Yield in English what in a connection's line cannot be true. */
export function* contradictions(line: Line): Generator<string> {
  const { protocol, tls, client, server } = line;
  if ((protocol === "none") === (client.bytes > 0 || server.bytes > 0)) {
    yield `the protocol is '${protocol}', and ${client.bytes} and ${server.bytes} bytes passed`;
  }
  if ([client, server].some((side) => side.bytes > 0 && side.sha256 === null)) {
    yield "bytes passed, and their digest is missing";
  }
  if (protocol === "tls" && tls === null && line.problem === "") {
    yield "it is TLS, and neither what was found of it nor a problem is there";
  }
  if (protocol !== "tls" && tls !== null) yield `the protocol is '${protocol}', and there is TLS`;
  if (tls === null && line.handshake !== null) yield "a handshake is kept, and there is no TLS";
  if (tls !== null) yield* withinTls(line, tls);
}

function* withinTls(line: Line, tls: StatedTls): Generator<string> {
  if (tls.findings.length !== SUBJECTS.length || tls.findings.some((each, place) => each.id !== SUBJECTS[place])) {
    yield `the findings are not one each of ${SUBJECTS.join(", ")}, in this order`;
    return;
  }
  const opened = tls.content === "opened";
  if (opened && [tls.client_random, tls.version, tls.suite].includes(null)) {
    yield "its content was opened, and client random, version or suite are missing";
  }
  if (tls.suite && tls.suite.includes("_WITH_") !== (tls.version === "tls/1.2")) {
    // Only the names of TLS 1.2 have the key exchange before a WITH (RFC 8446, appendix B.4).
    yield `${tls.suite} is no suite of ${tls.version}`;
  }
  if (said(tls, "tls.keys") === "passed" && !opened) {
    yield `the key log had what opens it, and its content is '${tls.content}'`;
  }
  if (said(tls, "tls.keys") === "failed" && tls.content === "none") {
    yield "content was there that the key log does not open, and its content is 'none'";
  }
  if (tls.content === "locked" && line.problem === "") yield "its content was not opened, and no problem is told";
  const whole = said(tls, "tls.handshake") === "passed";
  if (line.handshake !== null) {
    yield* beyond(line, tls, line.handshake, whole);
    return;
  }
  // Early data is opened before the server's flight has come to its end.
  if (isToBeKept(line, tls, whole || (opened && tls.early_data === null))) {
    yield "no handshake is kept, and of such a connection it has to be";
  }
}

function said(tls: StatedTls, subject: Subject): string | undefined {
  return tls.findings.find((each) => each.id === subject)?.outcome;
}

/** Return whether a handshake must be there; of one side that is larger than what is kept nobody can tell. */
function isToBeKept(line: Line, tls: StatedTls, shaken: boolean): boolean {
  if (!shaken || Math.max(line.client.bytes, line.server.bytes) > LARGEST) return false;
  if (tls.version === "tls/1.2") return tls.signature_scheme !== null && tls.resumed !== true;
  return tls.version !== null;
}

/** Compare the bytes kept with those that passed. */
function* beyond(line: Line, tls: StatedTls, kept: StatedHandshake, whole: boolean): Generator<string> {
  for (const side of SIDES) {
    if (line[side].bytes < size(kept[side])) yield `more is kept of the ${side} than it sent`;
  }
  if (tls.content !== "none" || tls.version !== "tls/1.3" || !whole || tls.early_data !== null) return;
  // After its Finished a client sends nothing but content; less than a record may have been cut off.
  const more = line.client.bytes - size(kept.client);
  if (more > (said(tls, "tls.records") === "passed" ? 0 : LONGEST_RECORD)) {
    yield `the client sent ${more} bytes after its handshake, and its content is 'none'`;
  }
}

/** Return how many bytes padded base64 holds. */
function size(text: string): number {
  return Math.floor(text.length / 4) * 3 - (text.slice(-2).split("=").length - 1);
}
