/**
 * The extensions of a server's certificate (RFC 5280, 4.2): the hosts in them, and whether each that is known has its
 * form.
 */

import { hex } from "../../bytes.js";
import { FormatError } from "../../errors.js";
import * as der from "../../trust/der.js";
import * as common from "../../trust/extensions.js";

/** The names that are compared with what was asked for. */
export interface HostNames {
  readonly hosts: readonly string[];
  /** Addresses of 4 or 16 bytes in hexadecimal. */
  readonly addresses: readonly string[];
}

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
  extensions.forEach(common.checkExtension);
  const found = extensions.find(({ type }) => type === common.ALTERNATIVE_NAME);
  if (found === undefined) return null;
  const names = common.alternativeNames(found.value);
  const addresses = names.filter(({ kind, bytes }) => kind === "ip" && (bytes.length === 4 || bytes.length === 16));
  return {
    hosts: names.filter(({ kind }) => kind === "dns").map(({ text }) => text),
    addresses: addresses.map(({ bytes }) => hex(bytes)),
  };
}
