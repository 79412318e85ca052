/** A handshake while it is being read: both channels, what is known so far, and what both versions do alike. */

import { type Bytes, equal } from "../../bytes.js";
import { attempt, FormatError } from "../../errors.js";
import type { Channel } from "./channel.js";
import { Notes } from "./findings.js";
import {
  bodyOf,
  type ClientHello,
  Extension,
  knownVersion,
  type Message,
  offers,
  type ServerHello,
} from "./messages.js";
import { isSigned, schemeName, type Signed } from "./signatures.js";
import { groupName, type Suite, suiteOf, type Version } from "./suites.js";

/** What the reading of one handshake fills in. */
export class Talk {
  readonly client: Channel;
  readonly server: Channel;
  readonly notes = new Notes();
  hello: ClientHello | null = null;
  serverName: string | null = null;
  version: Version | null = null;
  suite: Suite | null = null;
  alpn: string | null = null;
  resumed: boolean | null = null;
  keyGroup: string | null = null;
  scheme: string | null = null;
  private signed: { readonly version: Version; readonly signed: Signed } | null = null;
  certificates: readonly Bytes[] = [];
  earlyData: boolean | null = null;
  /** How many bytes hold each side's handshake, up to its Finished; 0 when there is none. */
  clientHandshake = 0;
  serverHandshake = 0;

  constructor(client: Channel, server: Channel) {
    this.client = client;
    this.server = server;
  }

  /** Note version and suite; raises `FormatError` when they are unknown or were not offered. */
  choose(hello: ClientHello, answer: ServerHello): Suite {
    const version = knownVersion(answer);
    const suite = suiteOf(answer.suite, version);
    if (!hello.suites.includes(answer.suite)) {
      throw new FormatError(`the server chose ${suite.name}, which was not offered`);
    }
    this.version = version;
    this.suite = suite;
    return suite;
  }

  /** Note the key exchange group; raises `FormatError` when it was not offered. */
  chooseGroup(hello: ClientHello, number: number): void {
    this.keyGroup = groupName(number);
    if (!offers(hello, Extension.GROUPS, number)) {
      throw new FormatError(`the server chose the group ${this.keyGroup}, which was not offered`);
    }
  }

  /** Note what the server's key signed, for `verifySignature`; raises nothing. */
  judgeSignature(hello: ClientHello, version: Version, signed: Signed): void {
    try {
      this.scheme = schemeName(signed.scheme, version);
      if (!offers(hello, Extension.SIGNATURES, signed.scheme)) {
        this.notes.failed("tls.handshake", `the server signed with ${this.scheme}, which was not offered`);
      }
      this.signed = { version, signed };
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.notes.failed("tls.server-proof", error.message);
    }
  }

  /** Verify the signature, if there is one, and note what was found; raises nothing. */
  async verifySignature(): Promise<void> {
    if (this.signed === null) return;
    const { version, signed } = this.signed;
    const found = await attempt(() => isSigned(signed, version, this.certificates[0] as Bytes));
    if (found instanceof FormatError) this.notes.failed("tls.server-proof", found.message);
    else if (found) this.notes.passed("tls.server-proof");
    else this.notes.failed("tls.server-proof", `the server's signature does not match (${this.scheme})`);
  }

  /** Note that a session is resumed; what stands behind it is in another handshake. */
  judgeResumption(): void {
    this.resumed = true;
    this.notes.unchecked("tls.server-proof");
  }

  /** Note whether the Finished message says what it must. */
  judgeFinished(channel: Channel, message: Message, expected: Bytes): void {
    if (equal(bodyOf(message), expected)) this.notes.passed("tls.finished");
    else this.notes.failed("tls.finished", `the ${channel.side}'s MAC over the handshake is wrong`);
  }
}

/** Return *message* when it is of one of the types that belong here; raises `FormatError`. */
export function expect(message: Message | null, ...types: readonly number[]): Message {
  if (message !== null && types.includes(message.type)) return message;
  const found = message === null ? "a ChangeCipherSpec" : `a handshake message ${message.type}`;
  throw new FormatError(`${found} came where ${types.join(" or ")} belongs`);
}
