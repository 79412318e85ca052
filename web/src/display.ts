/**
 * Show text from outside so that it deceives no reader (Unicode Technical Report 36, 2.10): mirrors
 * `evidence_kit.display`.
 */

const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;
const SYMBOL = /[\p{So}\p{Sk}\p{Mn}]/u;
const JOINERS = "\u200d\u200c";
const KEPT = "\u180e\u180b\u180c\u180d\u180f";
/** What `str.split` of Python takes for white space. */
const SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/u;

/** Return *text* with every character that could mislead written as an escape. */
export function visible(text: string): string {
  let shown = "";
  let before = "";
  for (const character of text) {
    shown += harmless(character, before) ? character : escaped(character);
    before = character;
  }
  return shown;
}

/** Return `visible` *text* on one line of at most *limit* characters, with an ellipsis when cut. */
export function shorten(text: string, limit = 80): string {
  const words = text.split(SPACE).filter((word) => word !== "");
  const shown = [...visible(words.join(" "))];
  return shown.length <= limit ? shown.join("") : `${shown.slice(0, limit - 1).join("")}…`;
}

function harmless(character: string, before: string): boolean {
  // Between two symbols a joiner builds one emoji; anywhere else it hides.
  if (JOINERS.includes(character)) return SYMBOL.test(before);
  return KEPT.includes(character) || !HIDDEN.test(character);
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, "0")}}`;
}
