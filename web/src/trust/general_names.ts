/** General names (RFC 5280, 4.2.1.6) of extensions. */

import { text } from "../bytes.js";
import { FormatError } from "../errors.js";
import * as der from "./der.js";
import { type Name, readName } from "./names.js";

/** One name; two of them are the same when their `key` is. */
export interface GeneralName {
  readonly kind: "other" | "email" | "dns" | "directory" | "uri" | "ip" | "registered";
  readonly key: string;
  /** Of `email`, `dns` and `uri`. */
  readonly text: string;
  /** Of `ip`: an address of 4 or 16 bytes, or a network of 8 or 32. */
  readonly bytes: Uint8Array;
  readonly name?: Name;
}

const NO_BYTES = new Uint8Array(0);

/** Read GeneralNames from what stands inside the SEQUENCE; raises `FormatError`. */
export function readGeneralNames(content: Uint8Array): GeneralName[] {
  return new der.Parts(content).rest().map(readGeneralName);
}

/** Read one; raises `FormatError`, also for X.400 and EDI names, which nobody uses. */
export function readGeneralName(value: der.Value): GeneralName {
  const { tag, content } = value;
  const plain = { key: der.ascii(value.whole), text: "", bytes: NO_BYTES };
  switch (tag) {
    case 0xa0: {
      const parts = new der.Parts(content);
      der.dotted(parts.next(der.OID).content);
      der.only(new der.Parts(der.only(parts, 0xa0).content));
      return { ...plain, kind: "other" };
    }
    case 0x81:
      return { ...plain, kind: "email", text: text(content, "a name") };
    case 0x82:
      return { ...plain, kind: "dns", text: text(content, "a name") };
    case 0xa4: {
      const name = readName(der.only(new der.Parts(content), der.SEQUENCE));
      return { ...plain, kind: "directory", name, key: `directory ${name.key}` };
    }
    case 0x86:
      return { ...plain, kind: "uri", text: text(content, "a name") };
    case 0x87:
      if (!isAddress(content)) throw new FormatError("not an address");
      return { ...plain, kind: "ip", bytes: content };
    case 0x88:
      der.dotted(content);
      return { ...plain, kind: "registered" };
    default:
      throw new FormatError("a kind of name that is not known");
  }
}

/** Whether these are the bytes of an address, or of a network: an address without bits outside the mask behind it. */
function isAddress(content: Uint8Array): boolean {
  if (content.length === 4 || content.length === 16) return true;
  if (content.length !== 8 && content.length !== 32) return false;
  const half = content.length / 2;
  const mask = [...content.subarray(half)].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const outside = content.subarray(0, half).some((byte, at) => (byte & ~(content[half + at] as number)) !== 0);
  return !outside && !mask.includes("01");
}
