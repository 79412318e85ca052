/** Bytes behind a PDF's last revision. */

import type { Pdf } from "./reader.js";

const TAIL = 64 * 1024;
const END = /^[\s\S]*?startxref\s+[0-9]+\s+%%EOF(?:\r\n|\r|\n)?/;

/** Count the bytes after the last revision: after its `%%EOF` and line end, when no signature *covered* them. */
export async function trailingBytes(pdf: Pdf, covered: number): Promise<number> {
  const { size } = pdf.source;
  const last = Math.max(...pdf.sections.map((section) => section.end));
  if (last <= covered) return size - covered;
  const data = new TextDecoder("latin1").decode(await pdf.source.read(last, TAIL));
  const end = END.exec(data)?.[0].length ?? 0;
  return Math.max(0, size - Math.max(covered, last + end));
}
