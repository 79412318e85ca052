/** Digest lists (evidence-format.md, 1): a digest, two spaces, a path, LF; sorted by path, none twice. */

import { type Bytes, byCodePoint, text, unhex } from "../bytes.js";
import { shorten } from "../display.js";
import { FormatError } from "../errors.js";

const LINE = /^([0-9a-f]{64}) {2}(.+)$/su;
/** BagIt encodes CR, LF and "%"; sha256sum escapes backslashes; Windows gives ":" a meaning. */
const REFUSED = /[\x00-\x1f\x7f\\%:]/u;

/** Return the digests by path of exactly such a list, in its order; raises `FormatError` naming the line. */
export function parseManifest(data: Uint8Array): Map<string, Bytes> {
  const whole = text(data, "the list");
  if (whole !== "" && !whole.endsWith("\n")) throw new FormatError("the list does not end with a line end");
  const found = new Map<string, Bytes>();
  let last = "";
  for (const [index, line] of whole.split("\n").slice(0, -1).entries()) {
    const [, digits, name] = LINE.exec(line) ?? [];
    if (digits === undefined || name === undefined) {
      throw new FormatError(`line ${index + 1} is not a digest and a path: ${shorten(line)}`);
    }
    if (!isPlainPath(name)) throw new FormatError(`line ${index + 1}: not a plain relative path: ${shorten(name)}`);
    if (byCodePoint(name, last) <= 0) {
      throw new FormatError(`line ${index + 1} is not in order, or a path stands twice: ${shorten(name)}`);
    }
    found.set(name, unhex(digits));
    last = name;
  }
  return found;
}

/** Whether a path leads nowhere else and no two programs would write it differently. */
export function isPlainPath(name: string): boolean {
  if (REFUSED.test(name) || name.startsWith("~")) return false;
  return !name.split("/").some((part) => part === "" || part === "." || part === "..");
}
