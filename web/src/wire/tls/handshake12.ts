/**
 * The handshake of TLS 1.2, full and abbreviated (RFC 5246, 7.3; tickets RFC 5077; ECDHE RFC 8422), as far as it is
 * plain: the one secret there is opens the content, and is never kept.
 */

import { concat } from "../../bytes.js";
import { FormatError } from "../../errors.js";
import { chain12 } from "./chain.js";
import type { Channel } from "./channel.js";
import { Fields } from "./fields.js";
import {
  bodyOf,
  type ClientHello,
  chosenProtocol,
  isDowngraded,
  type Message,
  offersTls13,
  readTicket12,
  type ServerHello,
  Type,
} from "./messages.js";
import type { Suite } from "./suites.js";
import { expect, type Talk } from "./talk.js";

const NAMED_CURVE = 3;

/**
 * Read from the ServerHello on, and verify what the server signed. Raises `RecordError`, `UnfinishedError`, and
 * `FormatError` for what is wrong in a message.
 */
export function follow12(talk: Talk, hello: ClientHello, answer: ServerHello): void {
  const suite = talk.choose(hello, answer);
  talk.alpn = chosenProtocol(answer.extensions, hello);
  if (offersTls13(hello) && isDowngraded(answer)) {
    talk.notes.failed("tls.handshake", "the server says that TLS 1.3 was hidden from it on the way");
  }
  const following = talk.server.messageOrChange();
  talk.resumed = following === null || following.type === Type.NEW_SESSION_TICKET;
  if (talk.resumed) {
    talk.judgeResumption();
    change(talk, talk.server, following);
  } else {
    establish(talk, hello, answer, suite, expect(following, Type.CERTIFICATE));
  }
}

function establish(talk: Talk, hello: ClientHello, answer: ServerHello, suite: Suite, message: Message): void {
  talk.certificates = chain12(message);
  const asked = followServer(talk, hello, answer, suite);
  followClient(talk.client, asked);
  change(talk, talk.client, talk.client.messageOrChange());
}

/** Read from the certificates to ServerHelloDone; return whether the client is asked for its own. */
function followServer(talk: Talk, hello: ClientHello, answer: ServerHello, suite: Suite): boolean {
  const { server } = talk;
  let message = server.message();
  if (message.type === Type.CERTIFICATE_STATUS) message = server.message();
  if (suite.signed) {
    readKeyExchange(talk, hello, answer, suite, expect(message, Type.SERVER_KEY_EXCHANGE));
    message = server.message();
  } else {
    talk.notes.unchecked("tls.server-proof");
  }
  const asked = message.type === Type.CERTIFICATE_REQUEST;
  if (asked) message = server.message();
  if (bodyOf(expect(message, Type.SERVER_HELLO_DONE)).length > 0) {
    throw new FormatError("the ServerHelloDone is not empty");
  }
  return asked;
}

function followClient(client: Channel, asked: boolean): void {
  const certified = asked && bodyOf(expect(client.message(), Type.CERTIFICATE)).some((byte) => byte !== 0);
  expect(client.message(), Type.CLIENT_KEY_EXCHANGE);
  if (certified) expect(client.message(), Type.CERTIFICATE_VERIFY);
}

function readKeyExchange(talk: Talk, hello: ClientHello, answer: ServerHello, suite: Suite, message: Message): void {
  const body = bodyOf(message);
  const fields = new Fields(body, "the ServerKeyExchange");
  if (fields.number(1) !== NAMED_CURVE) throw new FormatError("the ServerKeyExchange names no curve");
  const group = fields.number(2);
  fields.vector(1);
  const parameters = body.subarray(0, fields.at);
  const scheme = fields.number(2);
  const signature = fields.vector(2);
  fields.end();
  const data = concat(hello.random, answer.random, parameters);
  talk.judgeSignature(hello, suite.version, { scheme, signature, data });
  talk.chooseGroup(hello, group);
}

/** Read one side's ChangeCipherSpec; there are no keys for what follows it. */
function change(talk: Talk, channel: Channel, message: Message | null): void {
  let following = message;
  if (following !== null && channel === talk.server) {
    readTicket12(expect(following, Type.NEW_SESSION_TICKET));
    following = channel.messageOrChange();
  }
  if (following !== null) {
    throw new FormatError(`a handshake message ${following.type} came where a ChangeCipherSpec belongs`);
  }
}
