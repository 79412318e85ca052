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

/** The sentences of one language. */
export interface Words {
  readonly language: Language;
  /** Return the sentence `section.key` with *values* in their places, made visible. */
  say(path: string, values?: { readonly [name: string]: string | number }): string;
  /** Return the sentence, or what is not known as it is: a code of a later version. */
  word(section: string, code: string): string;
  /** Return what a check asks. */
  title(check: Check): string;
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
  return {
    language,
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
