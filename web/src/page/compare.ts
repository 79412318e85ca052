/** Compares a value of 64 hexadecimal digits with what a person read from paper (evidence-format.md, 7). */

const WHOLE = 64;
const GROUP = 4;
/** Digits that the foot of a page shows of the beginning, and as many of the end. */
const END = 16;
const PAGE_CODE = /^EVIDENCE-KIT-PAGE:1:([0-9A-F]{64}):[0-9]+:[0-9]+$/;
/** What stands before a value where other programs print it. */
const LABEL = /^(?:sha-?256[ :=]*)?(?:fingerprint[ :=]+)?/i;
/** Cyrillic letters that look like digits of the value. */
const ALIKE: { readonly [letter: string]: string } = { а: "a", в: "b", с: "c", е: "e" };

export type Comparison =
  | { readonly kind: "empty" | "same" | "short" | "long" }
  | { readonly kind: "begun"; readonly missing: number }
  | { readonly kind: "differs"; readonly group: number; readonly typed: string; readonly here: string }
  | { readonly kind: "unreadable"; readonly characters: string };

/** Compare what was *typed* with *value*; groups, letter case and the signs between them do not count. */
export function compareValue(typed: string, value: string): Comparison {
  const said = PAGE_CODE.exec(typed.trim())?.[1] ?? typed.trim().replace(LABEL, "");
  const parts = said.split(/…|\.{2,}/).map(digits);
  const all = parts.join("");
  const strange = [...new Set(all.replace(/[0-9a-f]/g, ""))].join("");
  if (strange !== "") return { kind: "unreadable", characters: strange };
  if (all === "") return { kind: "empty" };
  if (parts.length === 2) return compareEnds(parts[0] ?? "", parts[1] ?? "", value);
  if (all === value) return { kind: "same" };
  if (all === value.slice(0, END) + value.slice(-END)) return { kind: "short" };
  return (
    compareFrom(all, value, 0) ??
    (all.length < WHOLE ? { kind: "begun", missing: WHOLE - all.length } : { kind: "long" })
  );
}

/** Return *value* in groups of four digits. */
export function groups(value: string): string[] {
  return value.match(/.{1,4}/g) ?? [];
}

function digits(text: string): string {
  const plain = text.toLowerCase().replace(/[\s:\-·\u200b\u200e\u200f\ufeff]/g, "");
  return plain.replace(/[авсе]/g, (letter) => ALIKE[letter] ?? letter);
}

/** Compare the first and the last digits. */
function compareEnds(first: string, last: string, value: string): Comparison {
  const missing = Math.max(0, END - first.length) + Math.max(0, END - last.length);
  const wrong = compareFrom(first, value, 0) ?? compareFrom(last, value, Math.max(0, WHOLE - last.length));
  return wrong ?? (missing > 0 ? { kind: "begun", missing } : { kind: "short" });
}

/** Return the first group in which *found* differs from *value* from the digit *at* on. */
function compareFrom(found: string, value: string, at: number): Comparison | undefined {
  const end = Math.min(found.length, WHOLE - at);
  for (let index = 0; index < end; index++) {
    if (found[index] === value[at + index]) continue;
    const begin = at + index - ((at + index) % GROUP);
    const typed = found.slice(Math.max(0, begin - at), begin - at + GROUP);
    return { kind: "differs", group: begin / GROUP + 1, typed, here: value.slice(begin, begin + GROUP) };
  }
  return undefined;
}
