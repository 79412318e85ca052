/** The handshake of TLS 1.3 (RFC 8446, 4), followed under the kept secrets of both sides. */

import { type Bytes, concat, equal, utf8 } from "../../bytes.js";
import { FormatError } from "../../errors.js";
import { chain13 } from "./chain.js";
import type { Channel } from "./channel.js";
import { Traffic13 } from "./ciphers.js";
import { Fields } from "./fields.js";
import type { Secrets } from "./keylog.js";
import {
  asksAgain,
  bodyOf,
  type ClientHello,
  chosenNumber,
  chosenProtocol,
  countTickets,
  Extension,
  type Message,
  offersTls13,
  readClientHello,
  readExtensions,
  readServerHello,
  type ServerHello,
  Type,
} from "./messages.js";
import { finished13, Transcript } from "./schedule.js";
import type { Suite } from "./suites.js";
import { expect, type Talk } from "./talk.js";

const SIGNED = utf8(`${" ".repeat(64)}TLS 1.3, server CertificateVerify\0`);

/** Follows one handshake from the ServerHello on. */
export class Handshake13 {
  private readonly talk: Talk;
  private readonly secrets: Secrets;
  private readonly suite: Suite;
  private readonly transcript: Transcript;
  private readonly offersEarly: boolean;
  private hello: ClientHello;
  private asked = false;

  /** Raises `FormatError` when the suite is unknown or was not offered. */
  constructor(talk: Talk, secrets: Secrets, first: Message, hello: ClientHello, answer: ServerHello) {
    this.talk = talk;
    this.secrets = secrets;
    this.hello = hello;
    this.offersEarly = hello.extensions.has(Extension.EARLY_DATA);
    this.suite = talk.choose(hello, answer);
    this.transcript = new Transcript(this.suite.hash);
    this.transcript.add(first.raw);
  }

  /**
   * Read up to both Finished messages. Raises `RecordError`, `UnfinishedError`, and `FormatError` for what is wrong in
   * a message.
   */
  follow(message: Message, answer: ServerHello): void {
    const { talk, secrets } = this;
    talk.client.dummies = true;
    talk.server.dummies = true;
    const [last, chosen] = asksAgain(answer) ? this.askAgain(message, answer) : [message, answer];
    this.transcript.add(last.raw);
    this.check(chosen);
    // A browser that gives up early may have logged the server's secret alone: that still proves the server.
    if (secrets.server === null) return;
    this.followServer(chosen, secrets.server);
    if (secrets.client !== null) this.followClient(secrets.client);
  }

  /** Read what follows a HelloRetryRequest (4.1.4). */
  private askAgain(message: Message, answer: ServerHello): readonly [Message, ServerHello] {
    const { talk } = this;
    this.transcript.fold();
    this.transcript.add(message.raw);
    this.expectRefusedEarly();
    const again = expect(talk.client.message(), Type.CLIENT_HELLO);
    this.transcript.add(again.raw);
    const earlier = this.hello;
    this.hello = readClientHello(again);
    if (!equal(this.hello.random, earlier.random) || this.hello.extensions.has(Extension.EARLY_DATA)) {
      throw new FormatError("the second ClientHello does not repeat the first");
    }
    const second = expect(talk.server.message(), Type.SERVER_HELLO);
    const chosen = readServerHello(second);
    if (chosen.version !== answer.version || chosen.suite !== answer.suite || asksAgain(chosen)) {
      throw new FormatError("the ServerHello does not keep to the HelloRetryRequest");
    }
    return [second, chosen];
  }

  private check(answer: ServerHello): void {
    if (!offersTls13(this.hello)) throw new FormatError("the server chose TLS 1.3, which was not offered");
    if (!equal(answer.sessionId, this.hello.sessionId)) {
      throw new FormatError("the ServerHello does not repeat the session id");
    }
    const group = chosenNumber(answer, Extension.KEY_SHARE, "the key share");
    if (group !== null) this.talk.chooseGroup(this.hello, group);
  }

  private followServer(answer: ServerHello, secret: Bytes): void {
    const { talk } = this;
    const channel = talk.server;
    channel.protect(new Traffic13(this.suite, secret));
    const message = expect(channel.message(), Type.ENCRYPTED_EXTENSIONS);
    this.transcript.add(message.raw);
    this.readExtensions(message);
    const session = chosenNumber(answer, Extension.PRE_SHARED_KEY, "the session chosen");
    if (session === null) {
      talk.resumed = false;
      this.followCertificate();
    } else {
      const count = countTickets(this.hello);
      if (session >= count) throw new FormatError(`the server resumed session ${session} of ${count}`);
      talk.judgeResumption();
    }
    this.finish(channel, secret);
    talk.serverHandshake = channel.end;
  }

  private readExtensions(message: Message): void {
    const fields = new Fields(bodyOf(message), "the EncryptedExtensions");
    const extensions = readExtensions(fields.vector(2), "the EncryptedExtensions");
    fields.end();
    this.talk.alpn = chosenProtocol(extensions, this.hello);
    if (this.offersEarly) this.talk.earlyData = extensions.has(Extension.EARLY_DATA);
  }

  private followCertificate(): void {
    const { talk, transcript } = this;
    let message = talk.server.message();
    this.asked = message.type === Type.CERTIFICATE_REQUEST;
    if (this.asked) {
      transcript.add(message.raw);
      message = talk.server.message();
    }
    message = expect(message, Type.CERTIFICATE, Type.COMPRESSED_CERTIFICATE);
    talk.certificates = chain13(message, this.hello);
    // A compressed message stays compressed in the transcript (RFC 8879, 4).
    transcript.add(message.raw);
    message = expect(talk.server.message(), Type.CERTIFICATE_VERIFY);
    const fields = new Fields(bodyOf(message), "the CertificateVerify");
    const scheme = fields.number(2);
    const signature = fields.vector(2);
    fields.end();
    const data = concat(SIGNED, transcript.digest());
    talk.judgeSignature(this.hello, this.suite.version, { scheme, signature, data });
    transcript.add(message.raw);
  }

  private followClient(secret: Bytes): void {
    const { talk } = this;
    // Early data that the server took was content: nothing that is kept opens it.
    if (talk.earlyData) return;
    this.expectRefusedEarly();
    talk.client.protect(new Traffic13(this.suite, secret));
    if (this.asked) this.passClientCertificate();
    this.finish(talk.client, secret);
    talk.clientHandshake = talk.client.end;
  }

  /** Let early data be passed over that the server did not take. */
  private expectRefusedEarly(): void {
    if (!this.offersEarly || this.talk.earlyData) return;
    // The sessions offered are read here, for a list that is broken is an error before the early data is one.
    countTickets(this.hello);
    this.talk.client.refusedEarly = true;
  }

  private passClientCertificate(): void {
    const { client } = this.talk;
    const message = expect(client.message(), Type.CERTIFICATE, Type.COMPRESSED_CERTIFICATE);
    this.transcript.add(message.raw);
    const fields = new Fields(bodyOf(message), "the client's Certificate message");
    fields.vector(1);
    if (message.type === Type.COMPRESSED_CERTIFICATE || fields.vector(3).length > 0) {
      this.transcript.add(expect(client.message(), Type.CERTIFICATE_VERIFY).raw);
    }
  }

  private finish(channel: Channel, secret: Bytes): void {
    const message = expect(channel.message(), Type.FINISHED);
    this.talk.judgeFinished(channel, message, finished13(this.suite, secret, this.transcript.digest()));
    this.transcript.add(message.raw);
    // Nothing may share a record with the last message under these keys.
    channel.protect(null);
    channel.dummies = false;
  }
}
