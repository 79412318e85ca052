/** Draws what the person sees. */

import { h, outside, type Child } from "../page/dom.js";
import { visible } from "../display.js";
import type { Finished, Joined } from "./asking.js";
import { LANGUAGES, say, wordsFor, type Language } from "./texts.js";

/** One file on its way. */
export interface Row {
  readonly file: File | null;
  readonly name: string;
  readonly size: number;
  sha256: string;
  state: "waiting" | "counting" | "sending" | "sent";
  /** A key of `[problem]`, after which it waits until the person tries again. */
  problem: string | null;
}

export interface State {
  language: Language;
  joined: Joined | null;
  rows: Row[];
  busy: boolean;
  /** Whether the person said already that it was all, and was told what is missing. */
  sure: boolean;
  problem: string | null;
  finished: Finished | null;
}

export interface Acts {
  readonly begin: () => Promise<void>;
  readonly speak: (language: Language) => void;
  readonly proceed: () => Promise<void>;
  readonly end: () => Promise<void>;
}

export function view(state: State, picker: HTMLInputElement, acts: Acts): HTMLElement {
  const { language, finished, joined } = state;
  const t = (key: string): string => say(language, key);
  const screen = finished ? receipt(state, finished) : joined ? sending(state, joined, picker, acts) : start(state, acts);
  return h(
    "main",
    {},
    h("div", { class: "languages", role: "group", "aria-label": t("page.language") }, ...LANGUAGES.map(toSpeak)),
    h("h1", {}, t(finished ? "page.finished" : "page.title")),
    joined?.practice && h("p", { class: "practice" }, t("page.practice")),
    state.problem && h("p", { class: "problem" }, t(`problem.${state.problem}`)),
    ...screen,
  );

  function toSpeak([code, name]: readonly [Language, string]): HTMLElement {
    const pressed = code === language ? "true" : "false";
    const attributes = { id: `speak-${code}`, type: "button", lang: code, "aria-pressed": pressed };
    return h("button", { ...attributes, click: () => acts.speak(code) }, name);
  }
}

function start({ language, busy }: State, acts: Acts): Child[] {
  const t = (key: string): string => say(language, key);
  return [
    h("p", {}, t("page.intro")),
    h("p", { class: "warning" }, t("page.network")),
    h("button", { id: "begin", class: "chief", type: "button", disabled: busy, click: acts.begin }, t("page.begin")),
    ...guides(language),
  ];
}

function guides(language: Language): Child[] {
  const guide = (name: string, count: number): HTMLElement => {
    const steps = Array.from({ length: count }, (_, at) => h("li", {}, say(language, `help.${name}-${at + 1}`)));
    return h("details", {}, h("summary", {}, say(language, `help.${name}`)), h("ol", {}, ...steps));
  };
  return [guide("scroll", 6), guide("photo", 5)];
}

function sending(state: State, joined: Joined, picker: HTMLInputElement, acts: Acts): Child[] {
  const { language, rows, busy } = state;
  const t = (key: string): string => say(language, key);
  const left = rows.filter((row) => row.state !== "sent").length;
  const some = left < rows.length && !busy;
  const first = rows.length === 0;
  return [
    h("p", {}, `${t("page.item")}: `, h("strong", {}, joined.item)),
    h("p", { class: "note" }, t("page.originals")),
    picker,
    h("label", { for: "pick", class: first ? "choose chief" : "choose" }, t(first ? "page.choose" : "page.more")),
    busy && h("p", { class: "warning" }, t("page.stay")),
    !first && h("h2", {}, t("page.files")),
    !first && h("ul", { class: "files" }, ...rows.map((row) => ofFile(row, language))),
    left > 0 && h("p", {}, say(language, "page.remaining", { count: left })),
    left > 0 && !busy && h("button", { id: "retry", type: "button", click: acts.proceed }, t("page.retry")),
    some && state.sure && left > 0 && h("p", { class: "problem" }, t("page.done-anyway")),
    some && h("button", { id: "done", class: "chief", type: "button", click: acts.end }, t("page.done")),
    ...guides(language),
  ];
}

function ofFile(row: Row, language: Language): HTMLElement {
  const moving = row.state === "counting" || row.state === "sending";
  const said = say(language, `page.${row.state}`);
  return h(
    "li",
    {},
    h("p", { class: "name" }, outside(row.name, 120)),
    h("p", { class: row.state }, said),
    moving && h("progress", { id: "progress", max: "1", value: "0", "aria-label": `${said}: ${visible(row.name)}` }),
    row.problem && h("p", { class: "problem" }, say(language, `problem.${row.problem}`)),
  );
}

function receipt(state: State, finished: Finished): Child[] {
  const { language } = state;
  const t = (key: string): string => say(language, key);
  // Of what this phone has counted, and not of what the computer says.
  const sent = state.rows.filter((row) => row.state === "sent").map((row) => row.sha256);
  const words = wordsFor(sent, language);
  const save = (): void => keep(text(finished, words, language));
  return [
    h("h2", {}, t("page.words")),
    h("p", { id: "words", class: "words" }, words),
    h("p", {}, t("page.words-why")),
    h("p", {}, t("page.phone-kept")),
    h("h2", {}, t("page.receipt")),
    h("p", {}, `${t("page.item")}: `, h("strong", {}, finished.item)),
    h("p", {}, `${t("page.time")}: ${finished.time}`),
    h("button", { id: "save", class: "chief", type: "button", click: save }, t("page.save")),
    h("button", { id: "print", type: "button", click: () => print() }, t("page.print")),
    h("ul", { class: "files" }, ...finished.files.map((file) => listed(file.name, file.bytes, file.sha256))),
    h("p", { class: "note" }, t("page.close")),
  ];

  function listed(name: string, bytes: number, sha256: string): HTMLElement {
    return h(
      "li",
      {},
      h("p", { class: "name" }, outside(name, 120)),
      h("p", {}, `${t("page.size")}: ${bytes}`),
      h("p", { class: "digest" }, `SHA-256 ${sha256}`),
    );
  }
}

/** Return the receipt as it can be kept, whatever happens to this page. */
function text(finished: Finished, words: string, language: Language): string {
  const t = (key: string): string => say(language, key);
  const lines = [
    t("page.receipt"),
    `${t("page.item")}: ${finished.item}`,
    `${t("page.time")}: ${finished.time}`,
    words,
    "",
  ];
  for (const { name, bytes, sha256 } of finished.files) {
    lines.push(`${t("page.name")}: ${visible(name)}`, `${t("page.size")}: ${bytes}`, `SHA-256 ${sha256}`, "");
  }
  return lines.join("\r\n");
}

function keep(content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type: "text/plain;charset=utf-8" }));
  h("a", { href: url, download: "receipt.txt" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
