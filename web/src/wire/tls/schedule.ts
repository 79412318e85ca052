/** What is computed from the handshake secrets of TLS 1.3 (RFC 8446, 7). */

import { expand } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256, sha384 } from "@noble/hashes/sha2.js";

import { type Bytes, concat, utf8 } from "../../bytes.js";
import type { HashName, Suite } from "./suites.js";

const NONCE = 12;
const MESSAGE_HASH = 254;
const HASHES = { sha256, sha384 } as const;

/** The running hash over the handshake messages of both sides, in the order of the handshake. */
export class Transcript {
  private hash;
  private readonly name: HashName;

  constructor(name: HashName) {
    this.name = name;
    this.hash = HASHES[name].create();
  }

  /** Add one message with its header. */
  add(message: Bytes): void {
    this.hash.update(message);
  }

  /** Return the hash of the messages so far. */
  digest(): Bytes {
    return new Uint8Array(this.hash.clone().digest());
  }

  /** Put the hash of the first ClientHello in its place, as a HelloRetryRequest asks (4.4.1). */
  fold(): void {
    const folded = this.digest();
    this.hash = HASHES[this.name].create();
    this.add(concat(new Uint8Array([MESSAGE_HASH, 0, 0, folded.length]), folded));
  }
}

/** Return HKDF-Expand-Label with an empty context (7.1). */
export function expandLabel(hash: HashName, secret: Bytes, label: string, length: number): Bytes {
  const name = utf8(`tls13 ${label}`);
  const info = concat(new Uint8Array([length >> 8, length & 0xff, name.length]), name, new Uint8Array(1));
  return new Uint8Array(expand(HASHES[hash], secret, info, length));
}

/** Return key and IV of one direction (7.3). */
export function trafficKeys(suite: Suite, secret: Bytes): readonly [Bytes, Bytes] {
  return [expandLabel(suite.hash, secret, "key", suite.keyBytes), expandLabel(suite.hash, secret, "iv", NONCE)];
}

/** Return what a Finished message says that is sent under the handshake *secret* (4.4.4). */
export function finished13(suite: Suite, secret: Bytes, transcript: Bytes): Bytes {
  const hash = HASHES[suite.hash];
  return new Uint8Array(hmac(hash, expandLabel(suite.hash, secret, "finished", hash.outputLen), transcript));
}
