/** What else the judge has, to hold the evidence against, and how to add it. */

import { type Child, h, outside } from "./dom.js";
import type { Given } from "./outside.js";
import type { View } from "./state.js";

/** Return what was given from outside, and how to give more. */
export function outsideView(view: View): HTMLElement {
  const { state, words, actions } = view;
  const given = state.outside.map((each) => h("li", {}, givenView(view, each)));
  return h(
    "section",
    { id: "outside", "aria-labelledby": "outside-heading" },
    h("h2", { id: "outside-heading" }, words.say("outside.heading")),
    h("p", {}, words.say("outside.sentence")),
    given.length > 0 && h("ul", { class: "certificates" }, ...given),
    h(
      "details",
      { id: "outside-more" },
      h("summary", {}, words.say("outside.add")),
      button(view, "receipts", (files) => actions.addReceipts(files)),
      typedView(view),
      button(view, "anchors", (files) => actions.addAnchors(files)),
      button(view, "withheld", (files) => actions.addWithheld(files)),
    ),
    state.aboutOutside !== "" && h("p", { class: "said" }, state.aboutOutside),
    state.phase === "done" &&
      given.length > 0 &&
      h(
        "p",
        {},
        h(
          "button",
          { type: "button", id: "again-outside", class: "chief", click: () => actions.again() },
          words.say("outside.again"),
        ),
      ),
  );
}

function givenView({ words, actions }: View, given: Given): HTMLElement {
  const name = h("span", { class: "unseen" }, ": ", outside(given.name));
  return h(
    "div",
    { class: "certificate" },
    h("p", { class: "name" }, `${words.say(`outside.${given.kind}`)}: `, outside(given.name)),
    h("button", { type: "button", click: () => actions.removeOutside(given) }, words.say("outside.remove"), name),
  );
}

function button({ words }: View, what: "receipts" | "anchors" | "withheld", take: (files: File[]) => void): Child {
  const input = h("input", {
    type: "file",
    id: `pick-${what}`,
    multiple: what !== "withheld",
    hidden: true,
    change: (event) => {
      const chosen = event.currentTarget as HTMLInputElement;
      take([...(chosen.files ?? [])]);
      chosen.value = "";
    },
  });
  const note = `note-${what}`;
  return h(
    "p",
    { class: "action" },
    h(
      "button",
      { type: "button", id: `add-${what}`, "aria-describedby": note, click: () => input.click() },
      words.say(`outside.add-${what}`),
    ),
    h("span", { class: "note", id: note }, words.say(`outside.${what}-note`)),
    input,
  );
}

function typedView({ state, words, actions }: View): HTMLElement {
  const rows = h("textarea", {
    id: "receipt-typed",
    rows: "8",
    maxlength: "2000",
    autocomplete: "off",
    spellcheck: "false",
    "aria-describedby": "receipt-hint",
    input: (event) => {
      state.typedReceipt = (event.currentTarget as HTMLTextAreaElement).value;
    },
  });
  rows.value = state.typedReceipt;
  const submit = (event: Event): void => {
    event.preventDefault();
    actions.typeReceipt();
  };
  return h(
    "form",
    { submit },
    h("label", { for: "receipt-typed" }, words.say("outside.typed")),
    h("p", { class: "note", id: "receipt-hint" }, words.say("outside.typed-hint")),
    rows,
    h("button", { id: "add-typed" }, words.say("outside.add-typed")),
  );
}
