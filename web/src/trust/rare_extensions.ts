/** Extensions that say nothing that is asked here, and yet make a certificate none when they are not in their form. */

import { FormatError } from "../errors.js";
import * as der from "./der.js";

/** Read a PrivateKeyUsagePeriod (RFC 3280, 4.2.1.4). */
export function checkUsagePeriod(value: Uint8Array): void {
  const parts = der.open(value);
  const times = [parts.optional(0x80), parts.optional(0x81)].filter((one) => one !== undefined);
  parts.end();
  if (times.length === 0) throw new FormatError("a period without beginning and end");
  const [begin = 0, end = begin] = times.map((time) => der.generalizedTime({ ...time, tag: der.GENERALIZED_TIME }));
  if (begin > end) throw new FormatError("a period that ends before it begins");
}

/** Read TLS features (RFC 7633): status_request, status_request_v2. */
export function checkTlsFeatures(value: Uint8Array): void {
  const numbers = der.open(value).rest(der.INTEGER).map(({ content }) => der.number(content));
  const known = numbers.every((number) => number === 5n || number === 17n);
  if (numbers.length === 0 || !known) throw new FormatError("a feature of TLS that is not known");
}

/** Read the timestamps of certificate transparency (RFC 6962, 3.3). */
export function checkTransparency(value: Uint8Array): void {
  const whole = new Fields(der.only(new der.Parts(value), der.OCTETS).content).counted();
  while (!whole.empty) {
    const one = whole.counted();
    if (one.take(1)[0] !== 0) throw new FormatError("a timestamp of a version that is not known");
    one.take(32 + 8);
    one.counted();
    const [hash = 0, signature = 0] = one.take(2);
    if (hash < 1 || hash > 6 || signature < 1 || signature > 3) throw new FormatError("a timestamp with unknown algorithms");
    one.counted();
  }
}

/** Fields of TLS (RFC 8446, 3): bytes, and bytes behind two that count them. */
class Fields {
  private at = 0;

  constructor(private readonly data: Uint8Array) {}

  get empty(): boolean {
    return this.at === this.data.length;
  }

  take(count: number): Uint8Array {
    if (this.at + count > this.data.length) throw new FormatError("a field ends too early");
    this.at += count;
    return this.data.subarray(this.at - count, this.at);
  }

  counted(): Fields {
    const [high = 0, low = 0] = this.take(2);
    return new Fields(this.take(high * 256 + low));
  }
}

/** Read the name of a template of Microsoft's authorities. */
export function checkTemplate(value: Uint8Array): void {
  const parts = der.open(value);
  der.dotted(parts.next(der.OID).content);
  const versions = [parts.optional(der.INTEGER), parts.optional(der.INTEGER)].filter((one) => one !== undefined);
  parts.end();
  const fits = versions.every(({ content }) => {
    const version = der.number(content);
    return version >= 0n && version < 2n ** 32n;
  });
  if (!fits) throw new FormatError("a version that is too large");
}

/** Read admissions to professions (Common PKI, 1.3.1), as far as of what they consist. */
export function checkAdmissions(value: Uint8Array): void {
  const parts = der.open(value);
  const first = parts.next();
  const contents = first.tag === der.SEQUENCE ? first : parts.next(der.SEQUENCE);
  parts.end();
  for (const { content } of new der.Parts(contents.content).rest(der.SEQUENCE)) {
    const inner = new der.Parts(content);
    for (const tag of [0xa0, 0xa1]) inner.optional(tag);
    der.only(inner, der.SEQUENCE);
  }
}
