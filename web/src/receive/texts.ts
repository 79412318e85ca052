/** What people read: templates/receive, which the build puts in place of `TEXTS`. */

import { sha256OfText } from "./hashing.js";

export type Language = "mn" | "en";

interface Texts {
  readonly [section: string]: { readonly [key: string]: string };
}

declare const TEXTS: { readonly [language in Language]: Texts };

export const LANGUAGES: readonly (readonly [Language, string])[] = [
  ["mn", "Монгол"],
  ["en", "English"],
];

/** Return the sentence `section.key`. */
export function say(language: Language, path: string, values: { readonly [name: string]: string | number } = {}): string {
  const [section = "", key = ""] = path.split(".");
  const sentence = TEXTS[language][section]?.[key];
  if (sentence === undefined) throw new Error(`no sentence is called ${path}`);
  return sentence.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

/** Return the words for files with these *digests*: mirrors `evidence_kit.intake.receiving.words`. */
export function wordsFor(digests: readonly string[], language: Language): string {
  const lines = [...digests].sort().map((digest) => `${digest}\n`);
  const value = sha256OfText(["evidence-kit/received/1\n", ...lines].join(""));
  const listed = say(language, "words.list").trim().split(/\s+/);
  return Array.from(value.subarray(0, 4), (byte) => listed[byte % listed.length] as string).join(" ");
}
