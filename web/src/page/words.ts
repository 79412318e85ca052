/** What people read, in the language they chose: templates/verify, which the build puts in place of `TEXTS`. */

import { shorten } from "../display.js";
import type { Check } from "../models.js";

export type Language = "mn" | "en";

interface Texts {
  readonly [section: string]: { readonly [key: string]: string };
}

declare const TEXTS: { readonly [language in Language]: Texts };

export const LANGUAGES: readonly (readonly [Language, string])[] = [
  ["mn", "Монгол"],
  ["en", "English"],
];

/** So many sentences may tell of one another; a name from outside could go on as if it told of thousands. */
const DEEPEST = 5;

/** The sentences of one language. */
export interface Words {
  readonly language: Language;
  /** Return the sentence `section.key` with *values* in their places, made visible. */
  say(path: string, values?: { readonly [name: string]: string | number }): string;
  /** Return the sentence, or what is not known as it is: a code of a later version. */
  word(section: string, code: string): string;
  /** Return what a check asks. */
  title(check: Check): string;
  /** Return what a check found, whose English is *text*, in this language; empty where there are no words for it. */
  detail(text: string): string;
  /** Return a step of the work. */
  step(step: string): string;
  number(count: number): string;
}

export function wordsOf(language: Language): Words {
  const texts = TEXTS[language];
  const find = (section: string, key: string): string | undefined => {
    const group = texts[section];
    return group !== undefined && Object.hasOwn(group, key) ? group[key] : undefined;
  };
  const number = (count: number): string => {
    return String(count).replace(/\B(?=(?:\d{3})+$)/g, language === "mn" ? "\u00a0" : ",");
  };
  const details = phrases(texts["details"] ?? {});
  const detail = (text: string, levels: number): string => {
    if (levels === 0) return "";
    for (const [general, sentence] of details) {
      const values = valuesOf(general, text);
      if (values !== undefined) {
        return sentence.replace(/\{(\d)\}/g, (_, place: string) => {
          const value = values[Number(place)] ?? "";
          return detail(value, levels - 1) || shorten(value, 1000);
        });
      }
    }
    return "";
  };
  return {
    language,
    detail: (text) => detail(text, DEEPEST),
    say(path, values = {}) {
      const at = path.indexOf(".");
      const sentence = find(path.slice(0, at), path.slice(at + 1));
      if (sentence === undefined) throw new Error(`no sentence is called ${path}`);
      return sentence.replace(/\{(\w+)\}/g, (_, name: string) => {
        const value = values[name] ?? "";
        return typeof value === "number" ? number(value) : shorten(value, 200);
      });
    },
    word: (section, code) => find(section, code) ?? shorten(code),
    title: (check) => find("check", check.id) ?? check.title,
    step(step) {
      const [work = "", ...on] = step.split(" ");
      const known = find("work", work);
      if (known === undefined) return shorten(step);
      return on.length === 0 ? known : `${known}: ${shorten(on.join(" "))}`;
    },
    number,
  };
}

/** Return the sentences, those that say most themselves first: `evidence_kit.texts`. */
function phrases(table: { readonly [english: string]: string }): [string, string][] {
  const own = (general: string): number => general.replaceAll("*", "").length;
  return Object.entries(table).sort(([one], [other]) => own(other) - own(one));
}

/** Return what stands in *text* for each asterisk of *general*; undefined if it is another sentence. */
export function valuesOf(general: string, text: string): string[] | undefined {
  const [first = "", ...others] = general.split("*");
  const last = others.pop();
  if (last === undefined) return text === general ? [] : undefined;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return undefined;
  let rest = text.slice(first.length, text.length - last.length);
  const found: string[] = [];
  for (const literal of others) {
    const at = rest.indexOf(literal);
    if (at < 0) return undefined;
    found.push(rest.slice(0, at));
    rest = rest.slice(at + literal.length);
  }
  return [...found, rest];
}
