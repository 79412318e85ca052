/** Whether bytes are well-formed metadata (ISO 16684-1): what nobody sees may change, but it must be what it says. */

import { text } from "../bytes.js";
import { FormatError } from "../errors.js";

const INSTRUCTION = /<\?[^?]*(?:\?(?!>)[^?]*)*\?>/;
const REMARK = /<!--[^-]*(?:-(?!-)[^-]*)*-->/;
const TAG = /<(\/?)([A-Za-z_][\w.:-]*)((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/;
const PART = new RegExp([INSTRUCTION, REMARK, TAG, /[^<]+/].map(({ source }) => source).join("|"), "y");
const ROOT = /\bxmlns:x\s*=\s*["']adobe:ns:meta\/["']/;

/** Whether *data* are balanced XML elements without declarations, the outermost being `x:xmpmeta`. */
export function isXmp(data: Uint8Array): boolean {
  let said: string;
  try {
    said = text(data, "the metadata");
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
  const open: string[] = [];
  let roots = 0;
  PART.lastIndex = said.startsWith("\ufeff") ? 1 : 0;
  while (PART.lastIndex < said.length) {
    const match = PART.exec(said);
    if (match === null) return false;
    const [, closing, name, attributes = "", empty] = match;
    if (name === undefined) continue;
    if (closing === "/") {
      if (open.pop() !== name || attributes !== "") return false;
    } else {
      if (open.length === 0) {
        roots += 1;
        if (name !== "x:xmpmeta" || !ROOT.test(attributes)) return false;
      }
      if (empty !== "/") open.push(name);
    }
  }
  return roots === 1 && open.length === 0;
}
