/** White space as Python counts it, whose rules the format inherits where it speaks of text around a value. */

/** The members of a character class: Unicode's white space, and the four separators of ASCII. */
export const SPACES = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

/** What Python strips of bytes. */
export const ASCII_SPACES = " \t\n\v\f\r";

const SPACE = new RegExp(`[${SPACES}]`);

/** Return *text* without the white space around it. */
export function strip(text: string): string {
  return stripped(text, (character) => SPACE.test(character));
}

/** Return *text* without the characters around it that are *any* of these. */
export function stripOf(text: string, any: string): string {
  return stripped(text, (character) => any.includes(character));
}

function stripped(text: string, left: (character: string) => boolean): string {
  let from = 0;
  let to = text.length;
  while (from < to && left(text.charAt(from))) from++;
  while (to > from && left(text.charAt(to - 1))) to--;
  return text.slice(from, to);
}
