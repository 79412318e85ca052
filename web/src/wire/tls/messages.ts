/** Handshake messages (RFC 8446, 4; RFC 5246, 7.4): their frame, and the fields that are needed. */

import { type Bytes, equal, unhex } from "../../bytes.js";
import { FormatError } from "../../errors.js";
import { Fields } from "./fields.js";
import { hexNumber, type Version } from "./suites.js";

/** Bytes of type and length before a message's body. */
export const HEADER = 4;

/** Bytes of one message. */
export const LONGEST = 1 << 20;

/** The server random that says HelloRetryRequest (RFC 8446, 4.1.3). */
const RETRY_RANDOM = unhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c");

/** The end of the random of a server that knows TLS 1.3 and was asked for less (4.1.3). */
const DOWNGRADED = unhex("444f574e47524401");

const RANDOM = 32;
const TLS_1_3 = 0x0304;
const TLS_1_2 = 0x0303;
const HOST_NAME = 0;

/** What a handshake message is. */
export const Type = {
  CLIENT_HELLO: 1,
  SERVER_HELLO: 2,
  NEW_SESSION_TICKET: 4,
  ENCRYPTED_EXTENSIONS: 8,
  CERTIFICATE: 11,
  SERVER_KEY_EXCHANGE: 12,
  CERTIFICATE_REQUEST: 13,
  SERVER_HELLO_DONE: 14,
  CERTIFICATE_VERIFY: 15,
  CLIENT_KEY_EXCHANGE: 16,
  FINISHED: 20,
  CERTIFICATE_STATUS: 22,
  COMPRESSED_CERTIFICATE: 25,
} as const;

/** The extensions that are read. */
export const Extension = {
  SERVER_NAME: 0,
  GROUPS: 10,
  SIGNATURES: 13,
  ALPN: 16,
  COMPRESSION: 27,
  PRE_SHARED_KEY: 41,
  EARLY_DATA: 42,
  VERSIONS: 43,
  KEY_SHARE: 51,
} as const;

export type Extensions = ReadonlyMap<number, Bytes>;

/** One handshake message. */
export interface Message {
  readonly type: number;
  /** With its header, as the transcript takes it. */
  readonly raw: Bytes;
}

/** Return a message without its header. */
export function bodyOf(message: Message): Bytes {
  return message.raw.subarray(HEADER);
}

/** What the browser offered. */
export interface ClientHello {
  readonly random: Bytes;
  readonly sessionId: Bytes;
  readonly suites: readonly number[];
  readonly extensions: Extensions;
}

/** Read RFC 8446, 4.1.2; raises `FormatError`. */
export function readClientHello(message: Message): ClientHello {
  const fields = new Fields(bodyOf(message), "the ClientHello");
  fields.take(2);
  const random = fields.take(RANDOM);
  const sessionId = fields.vector(1);
  const suites = fields.numbers(2);
  if (!fields.vector(1).includes(0)) throw new FormatError("the ClientHello does not offer to go without compression");
  const extensions: Extensions = fields.more ? readExtensions(fields.vector(2), "the ClientHello") : new Map();
  fields.end();
  return { random, sessionId, suites, extensions };
}

/** Return whether *number* stands in the list of an extension whose length takes *size* bytes. */
export function offers(hello: ClientHello, extension: number, number: number, size = 2): boolean {
  const found = hello.extensions.get(extension);
  return found !== undefined && new Fields(found, `extension ${extension}`).numbers(size).includes(number);
}

/** Return the name that was asked for (RFC 6066, 3); what is no ASCII appears escaped. */
export function serverName(hello: ClientHello): string | null {
  const found = hello.extensions.get(Extension.SERVER_NAME);
  if (found === undefined) return null;
  const names = new Fields(new Fields(found, "the server name").vector(2), "the server name");
  while (names.more) {
    const kind = names.number(1);
    const name = names.vector(2);
    if (kind === HOST_NAME) return readable(name);
  }
  return null;
}

export function offersTls13(hello: ClientHello): boolean {
  return offers(hello, Extension.VERSIONS, TLS_1_3, 1);
}

/** Return how many TLS 1.3 sessions are offered for resumption (4.2.11). */
export function countTickets(hello: ClientHello): number {
  const found = hello.extensions.get(Extension.PRE_SHARED_KEY);
  if (found === undefined) return 0;
  const identities = new Fields(new Fields(found, "the sessions offered").vector(2), "the sessions offered");
  let count = 0;
  for (; identities.more; count++) {
    identities.vector(2);
    identities.take(4);
  }
  return count;
}

/** What the server chose. */
export interface ServerHello {
  readonly version: number;
  readonly random: Bytes;
  readonly sessionId: Bytes;
  readonly suite: number;
  readonly extensions: Extensions;
}

/** Read RFC 8446, 4.1.3; raises `FormatError`. */
export function readServerHello(message: Message): ServerHello {
  const fields = new Fields(bodyOf(message), "the ServerHello");
  const stated = fields.number(2);
  const random = fields.take(RANDOM);
  const sessionId = fields.vector(1);
  const suite = fields.number(2);
  const compression = fields.number(1);
  const extensions: Extensions = fields.more ? readExtensions(fields.vector(2), "the ServerHello") : new Map();
  fields.end();
  if (compression !== 0) throw new FormatError(`the ServerHello asks for the compression ${compression}`);
  const chosen = extensions.get(Extension.VERSIONS);
  // The old field keeps saying 1.2; anything else is an alteration.
  const version = chosen === undefined ? stated : stated === TLS_1_2 ? numberOf(chosen) : 0;
  return { version, random, sessionId, suite, extensions };
}

/** Return the version chosen; raises `FormatError` when it is neither 1.2 nor 1.3. */
export function knownVersion(answer: ServerHello): Version {
  if (answer.version === TLS_1_3) return "tls/1.3";
  if (answer.version === TLS_1_2) return "tls/1.2";
  throw new FormatError(`the server chose the TLS version 0x${hexNumber(answer.version)}`);
}

/** Whether this is a HelloRetryRequest. */
export function asksAgain(answer: ServerHello): boolean {
  return equal(answer.random, RETRY_RANDOM);
}

/** Whether the server says that it was asked for less than TLS 1.3. */
export function isDowngraded(answer: ServerHello): boolean {
  return equal(answer.random.subarray(RANDOM - DOWNGRADED.length), DOWNGRADED);
}

/** Return the 2-byte number that an extension of the answer begins with; null where there is no such extension. */
export function chosenNumber(answer: ServerHello, extension: number, name: string): number | null {
  const found = answer.extensions.get(extension);
  return found === undefined ? null : new Fields(found, name).number(2);
}

/** Read extensions by number (4.2); raises `FormatError`, also for one that comes twice. */
export function readExtensions(data: Bytes, name: string): Extensions {
  const fields = new Fields(data, `the list of extensions of ${name}`);
  const found = new Map<number, Bytes>();
  while (fields.more) {
    const number = fields.number(2);
    if (found.has(number)) throw new FormatError(`${name} has the extension ${number} twice`);
    found.set(number, fields.vector(2));
  }
  return found;
}

/** Return the application protocol that the server chose; raises `FormatError` when it was not offered. */
export function chosenProtocol(extensions: Extensions, hello: ClientHello): string | null {
  const found = protocols(extensions);
  const [first] = found;
  if (first === undefined) return null;
  if (found.length !== 1 || !protocols(hello.extensions).some((each) => equal(each, first))) {
    throw new FormatError(`the server chose the application protocol ${readable(first)}, which was not offered`);
  }
  return readable(first);
}

/** Read the NewSessionTicket of TLS 1.2 (RFC 5077, 3.3) for its form alone. */
export function readTicket12(message: Message): void {
  const fields = new Fields(bodyOf(message), "the NewSessionTicket");
  fields.take(4);
  fields.vector(2);
  fields.end();
}

/** Return bytes from outside as text that prints: what is no printable ASCII is escaped in hexadecimal. */
export function readable(data: Bytes): string {
  return Array.from(data, (byte) => {
    return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  }).join("");
}

function protocols(extensions: Extensions): Bytes[] {
  const extension = extensions.get(Extension.ALPN);
  if (extension === undefined) return [];
  const names = new Fields(new Fields(extension, "the protocols").vector(2), "the protocols");
  const found: Bytes[] = [];
  while (names.more) found.push(names.vector(1));
  return found;
}

function numberOf(data: Bytes): number {
  return data.reduce((sum, byte) => sum * 256 + byte, 0);
}
