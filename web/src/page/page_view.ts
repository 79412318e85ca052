/** The whole page at a moment. */

import { utc } from "./dates.js";
import { type Child, h, outside } from "./dom.js";
import { factsView } from "./facts_view.js";
import { time } from "./facts.js";
import { outsideView } from "./outside_view.js";
import { recordView } from "./record_view.js";
import { answerView, checksView, claimedView, rootView } from "./result_view.js";
import { chooseView, rootsView } from "./start_view.js";
import type { View } from "./state.js";
import { type Language, LANGUAGES } from "./words.js";

/** Return what the page shows; *speak* changes its language. */
export function pageView(view: View, speak: (language: Language) => void): HTMLElement[] {
  const { state } = view;
  const main: HTMLElement = h("main", {}, ...mainView(view));
  const shown: HTMLElement[] = [h("div", { class: "screen" }, headView(view, speak), main)];
  if (state.phase === "done" && state.report !== undefined) shown.push(recordView(view, state.report));
  return shown;
}

function headView({ state, words }: View, speak: (language: Language) => void): HTMLElement {
  const copy = state.kit === null ? "bundle" : "kit";
  const made = time(state.kit?.made);
  const buttons = LANGUAGES.map(([language, name]) => {
    const pressed = words.language === language ? "true" : "false";
    return h(
      "button",
      {
        type: "button",
        id: `speak-${language}`,
        lang: language,
        "aria-pressed": pressed,
        click: () => speak(language),
      },
      name,
    );
  });
  return h(
    "header",
    {},
    h(
      "div",
      { class: `copy ${copy}` },
      h("p", {}, h("strong", {}, words.say(`copy.${copy}`)), " ", words.say(`copy.${copy}-more`)),
      made !== undefined && h("p", { class: "note" }, `${words.say("copy.kit-made")}: ${utc(made)}`),
    ),
    h(
      "div",
      { class: "head" },
      h("h1", {}, words.say("page.title")),
      h("div", { class: "languages", role: "group", "aria-label": words.say("page.language") }, ...buttons),
    ),
  );
}

function mainView(view: View): Child[] {
  const { state, words, actions } = view;
  const heading = (name: string): HTMLElement =>
    h("h2", { id: `${name}-heading`, tabindex: "-1" }, words.say(`${name}.heading`));
  const another = h(
    "button",
    { type: "button", id: "another", click: () => actions.another() },
    words.say("result.another"),
  );
  switch (state.phase) {
    case "choose":
      return [h("p", { class: "large" }, words.say("page.lead")), chooseView(view), rootsView(view), outsideView(view)];
    case "checking":
      return [
        h(
          "section",
          { "aria-labelledby": "progress-heading" },
          heading("progress"),
          h("progress", { id: "progress", max: "100", "aria-labelledby": "progress-heading" }),
          h("p", { id: "progress-step" }, words.say("progress.preparing")),
          h("p", { id: "progress-bytes", class: "note" }),
          h("p", { class: "note" }, words.say("progress.leave")),
        ),
      ];
    case "broken":
      return [
        h(
          "section",
          { class: "broken" },
          heading("broken"),
          h("p", { class: "large" }, words.say("broken.sentence")),
          h("p", { lang: "en" }, outside(state.problem)),
          another,
        ),
      ];
    case "done": {
      const { report } = state;
      if (report === undefined) return [];
      return [
        answerView(view, report),
        factsView(view, report),
        rootView(view, report),
        claimedView(view),
        rootsView(view),
        outsideView(view),
        checksView(view, report),
      ];
    }
  }
}

/** Draw anew, and keep what was open, and where the person was. */
export function remembering(app: HTMLElement, draw: () => void): void {
  const was = new Map([...app.querySelectorAll("details")].map((each) => [each.id, each.open]));
  const focused = document.activeElement?.id ?? "";
  draw();
  for (const each of app.querySelectorAll("details")) each.open = was.get(each.id) ?? each.open;
  if (focused !== "") document.getElementById(focused)?.focus({ preventScroll: true });
}
