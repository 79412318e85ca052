/** Opens a kept handshake: reads both directions once from end to end, and says what was found. */

import { type Bytes, hex } from "../../bytes.js";
import { FormatError } from "../../errors.js";
import { Channel } from "./channel.js";
import { follow12 } from "./handshake12.js";
import { Handshake13 } from "./handshake13.js";
import type { Secrets } from "./keylog.js";
import { knownVersion, readClientHello, readServerHello, serverName, Type } from "./messages.js";
import { beginsTls, RecordError, UnfinishedError } from "./records.js";
import { expect, Talk } from "./talk.js";

const HEAD = 6;

/** Open and verify a handshake; raises `FormatError` only when it does not begin as TLS does: all else is a finding. */
export async function openTls(client: Bytes, server: Bytes, secrets: Secrets): Promise<Talk> {
  if (client.length > 0 && !beginsTls(client.subarray(0, HEAD))) {
    throw new FormatError(`not TLS: the client begins with ${hex(client.subarray(0, HEAD))}`);
  }
  if (client.length === 0 && server.length > 0) {
    throw new FormatError("not TLS: the server spoke, and the client did not");
  }
  const talk = new Talk(new Channel("client", client), new Channel("server", server));
  judgeHandshake(talk, secrets);
  for (const channel of [talk.client, talk.server]) readRest(talk, channel);
  await talk.verifySignature();
  return talk;
}

/** Read the handshake and note what is found. */
function judgeHandshake(talk: Talk, secrets: Secrets): void {
  const { notes } = talk;
  try {
    shakeHands(talk, secrets);
  } catch (error) {
    if (error instanceof UnfinishedError) notes.unchecked("tls.handshake");
    else if (error instanceof RecordError) notes.failed("tls.records", error.message);
    else if (error instanceof FormatError) notes.failed("tls.handshake", error.message);
    else throw error;
  }
  if (talk.clientHandshake > 0 && talk.serverHandshake > 0) {
    notes.passed("tls.handshake");
    return;
  }
  notes.unchecked("tls.handshake");
  notes.unchecked("tls.finished");
}

function shakeHands(talk: Talk, secrets: Secrets): void {
  const first = expect(talk.client.message(), Type.CLIENT_HELLO);
  const hello = readClientHello(first);
  talk.hello = hello;
  talk.serverName = serverName(hello);
  const message = expect(talk.server.message(), Type.SERVER_HELLO);
  const answer = readServerHello(message);
  if (knownVersion(answer) === "tls/1.2") follow12(talk, hello, answer);
  else new Handshake13(talk, secrets, first, hello, answer).follow(message, answer);
}

/** Read one side to the end of what is kept, and note what is found about its records. */
function readRest(talk: Talk, channel: Channel): void {
  const { notes } = talk;
  try {
    channel.skim();
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    notes.failed("tls.records", error.message);
    return;
  }
  // What is torn may have been cut off; nobody knows how it went on.
  if (channel.torn > 0 || channel.unopened > 0) notes.unchecked("tls.records");
  notes.passed("tls.records");
}
