/**
 * The extensions of a server's certificate (RFC 5280, 4.2): the hosts in them, and whether each that is known has its
 * form. Beside what `trust/extensions.ts` asks of any certificate: what contradicts itself, and kinds that only
 * servers have.
 */

import { hex } from "../../bytes.js";
import { FormatError } from "../../errors.js";
import * as der from "../../trust/der.js";
import * as common from "../../trust/extensions.js";
import { Fields } from "./fields.js";

/** The names that are compared with what was asked for. */
export interface HostNames {
  readonly hosts: readonly string[];
  /** Addresses of 4 or 16 bytes in hexadecimal. */
  readonly addresses: readonly string[];
}

const CHECKS: ReadonlyMap<string, (value: Uint8Array) => void> = new Map([
  [common.KEY_USAGE, keyUsage],
  [common.BASIC_CONSTRAINTS, basicConstraints],
  [common.NAME_CONSTRAINTS, nameConstraints],
  [common.AUTHORITY_KEY, authorityKey],
  [common.POLICY_CONSTRAINTS, somethingSaid],
  ["2.5.29.16", usagePeriod],
  ["1.3.6.1.5.5.7.1.24", features],
  ["1.3.6.1.4.1.311.21.7", template],
  ["1.3.6.1.4.1.11129.2.4.2", timestamps],
  ["1.3.6.1.4.1.11129.2.4.3", nothing],
]);

/** Read one extension inside the list of a certificate; raises `FormatError`. */
export function readExtension(value: der.Value): common.Extension {
  const [found] = common.readExtensions(new der.Parts(value.whole));
  return found as common.Extension;
}

/**
 * Return the names in the extensions of a server's certificate; null where there are none. Raises `FormatError` for an
 * extension that comes twice, or that is known and has another form.
 */
export function hostNames(extensions: readonly common.Extension[]): HostNames | null {
  if (new Set(extensions.map(({ type }) => type)).size !== extensions.length) {
    throw new FormatError("an extension stands twice");
  }
  for (const extension of extensions) {
    common.checkExtension(extension);
    CHECKS.get(extension.type)?.(extension.value);
  }
  const found = extensions.find(({ type }) => type === common.ALTERNATIVE_NAME);
  if (found === undefined) return null;
  const names = common.alternativeNames(found.value);
  const addresses = names.filter(({ kind, bytes }) => kind === "ip" && (bytes.length === 4 || bytes.length === 16));
  return {
    hosts: names.filter(({ kind }) => kind === "dns").map(({ text }) => text),
    addresses: addresses.map(({ bytes }) => hex(bytes)),
  };
}

function keyUsage(value: Uint8Array): void {
  const found = der.bits(der.only(new der.Parts(value), der.BIT_STRING).content);
  const agreement = found.has(4);
  if (!agreement && (found.has(7) || found.has(8))) throw new FormatError("a key usage contradicts itself");
}

function basicConstraints(value: Uint8Array): void {
  const { ca, length } = common.basicConstraints(value);
  if (!ca && length !== undefined) throw new FormatError("who is no authority has a length of path");
}

function nameConstraints(value: Uint8Array): void {
  somethingSaid(value);
  const { permitted, excluded } = common.nameConstraints(value);
  const trees = der.open(value).rest();
  const wrong = [...permitted, ...excluded].some(({ kind, text, bytes }) => {
    return (kind === "dns" && text.includes("*")) || (kind === "ip" && bytes.length % 8 !== 0) || bytes.length === 16;
  });
  if (wrong || trees.some(({ content }) => content.length === 0)) {
    throw new FormatError("a constraint of names is none");
  }
}

function authorityKey(value: Uint8Array): void {
  const parts = der.open(value);
  parts.optional(0x80);
  const [issuer, serial] = [parts.optional(0xa1), parts.optional(0x82)];
  if ((issuer === undefined) !== (serial === undefined)) throw new FormatError("an authority's key is named by half");
}

/** Check when a key may be used (X.509, 9.2.2.5): from, until, or both. */
function usagePeriod(value: Uint8Array): void {
  somethingSaid(value);
  const parts = der.open(value);
  const times = [0x80, 0x81].map((tag) => parts.optional(tag)).filter((each) => each !== undefined);
  parts.end();
  const [begin = 0, end = begin] = times.map((each) => der.time({ ...each, tag: der.GENERALIZED_TIME }));
  if (begin > end) throw new FormatError("a key may be used until before it may");
}

function somethingSaid(value: Uint8Array): void {
  if (der.open(value).empty) throw new FormatError("constraints constrain nothing");
}

/** Those of RFC 7633: stapled answers about revocation. */
const FEATURES: readonly bigint[] = [5n, 17n];

function features(value: Uint8Array): void {
  const found = der.open(value).rest(der.INTEGER).map(({ content }) => der.number(content));
  if (found.length === 0 || found.some((feature) => !FEATURES.includes(feature))) {
    throw new FormatError("a TLS feature is not known");
  }
}

function template(value: Uint8Array): void {
  const parts = der.open(value);
  der.dotted(parts.next(der.OID).content);
  for (const version of parts.rest(der.INTEGER)) {
    const number = der.number(version.content);
    if (number < 0n || number >= 1n << 32n) throw new FormatError("a version of a template is none");
  }
}

/** Check a list of signed certificate timestamps (RFC 6962, 3.3). */
function timestamps(value: Uint8Array): void {
  const { content } = der.only(new der.Parts(value), der.OCTETS);
  const list = new Fields(new Fields(content.slice(), "the timestamps").vector(2), "the timestamps");
  while (list.more) {
    const entry = new Fields(list.vector(2), "a timestamp");
    const version = entry.number(1);
    entry.take(32 + 8);
    entry.vector(2);
    const [hash, key] = [entry.number(1), entry.number(1)];
    entry.vector(2);
    if (version !== 0 || hash < 1 || hash > 6 || key < 1 || key > 3) {
      throw new FormatError("a timestamp of an unknown kind");
    }
  }
}

function nothing(value: Uint8Array): void {
  if (der.only(new der.Parts(value), der.NULL).content.length > 0) throw new FormatError("not nothing");
}
