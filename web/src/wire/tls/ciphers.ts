/**
 * Record protection of TLS 1.3 (RFC 8446, 5.2): opening one record after the other, refusing each that is not
 * authentic.
 */

import { gcm } from "@noble/ciphers/aes.js";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";

import { type Bytes, concat } from "../../bytes.js";
import { Kind, LONGEST_PLAIN, RecordError, type TlsRecord } from "./records.js";
import { trafficKeys } from "./schedule.js";
import type { Suite } from "./suites.js";

const TAG = 16;
const LONGEST = LONGEST_PLAIN + 256;

/** The keys in force on one side, from a traffic secret. */
export class Traffic13 {
  /** The number of the next record under these keys. */
  sequence = 0;
  private readonly suite: Suite;
  private readonly key: Bytes;
  private readonly iv: Bytes;

  constructor(suite: Suite, secret: Bytes) {
    this.suite = suite;
    [this.key, this.iv] = trafficKeys(suite, secret);
  }

  /** Return inner kind and content without padding (5.4); raises `RecordError` when the record is not authentic. */
  open(record: TlsRecord): readonly [number, Bytes] {
    const { kind, body, end } = record;
    if (kind !== Kind.DATA || body.length <= TAG || body.length > LONGEST) {
      throw refused(end, `of type ${kind} with ${body.length} bytes is not a protected one`);
    }
    const plain = this.decrypt(record);
    let size = plain.length;
    while (size > 0 && plain[size - 1] === 0) size--;
    if (size === 0 || size > LONGEST_PLAIN + 1) throw refused(end, `holds ${size} bytes of content and type`);
    this.sequence++;
    return [plain[size - 1] as number, plain.subarray(0, size - 1)];
  }

  private decrypt(record: TlsRecord): Bytes {
    const nonce = this.nonce();
    const open = this.suite.cipher === "aes-gcm" ? gcm : chacha20poly1305;
    try {
      return new Uint8Array(open(this.key, nonce, record.header).decrypt(record.body));
    } catch {
      throw refused(record.end, "is not authentic: its tag does not match");
    }
  }

  private nonce(): Bytes {
    const nonce = concat(this.iv);
    for (let place = nonce.length - 1, rest = this.sequence; rest > 0; place--, rest = Math.floor(rest / 256)) {
      nonce[place] = (nonce[place] as number) ^ (rest & 0xff);
    }
    return nonce;
  }
}

function refused(end: number, why: string): RecordError {
  return new RecordError(`the record that ends at byte ${end} ${why}`);
}
