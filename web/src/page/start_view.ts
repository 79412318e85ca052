/** What is to be checked, and whose signatures are believed. */

import { type Child, h, outside, terms } from "./dom.js";
import { moment } from "./dates.js";
import { groups } from "./compare.js";
import { chosen } from "./files.js";
import type { View } from "./state.js";
import type { Certificate } from "../trust/certificates.js";

/** Return where evidence is dropped or chosen. */
export function chooseView(view: View): HTMLElement {
  const { state, words } = view;
  const button = (id: string, extra: { readonly [name: string]: boolean }): HTMLElement => {
    const cancel = extra["webkitdirectory"] === true ? none : undefined;
    const input = h("input", { type: "file", id: `pick-${id}`, hidden: true, ...extra, change: take, cancel });
    const note = h("span", { class: "note", id: `note-${id}` }, words.say(`choose.${id}-note`));
    const open = h(
      "button",
      { type: "button", id: `choose-${id}`, "aria-describedby": `note-${id}`, click: () => input.click() },
      words.say(`choose.${id}`),
    );
    return h("li", {}, open, note, input);
  };
  // Where nothing came of it, the folder may have been empty: browsers do not tell.
  const none = (): void => view.actions.check({ files: [], empty: [] });
  const take = (event: Event): void => {
    const input = event.currentTarget as HTMLInputElement;
    view.actions.check(chosen(input.files ?? []));
    input.value = "";
  };
  return h(
    "section",
    { id: "choose", "aria-labelledby": "choose-heading" },
    h("h2", { id: "choose-heading" }, words.say("choose.heading")),
    h(
      "div",
      { class: "drop" },
      h("p", { class: "large" }, words.say("choose.drop")),
      h("p", {}, words.say("choose.or")),
      h(
        "ul",
        { class: "buttons" },
        button("file", {}),
        button("folder", { webkitdirectory: true }),
        button("several", { multiple: true }),
      ),
    ),
    h("p", { class: "note" }, words.say("choose.browser-asks")),
    state.problem !== "" && h("p", { class: "problem" }, state.problem),
  );
}

/** Return the roots that are believed, and how to add one. */
export function rootsView(view: View): HTMLElement {
  const { state, words, actions } = view;
  const input = h("input", {
    type: "file",
    id: "pick-root",
    multiple: true,
    hidden: true,
    accept: ".pem,.crt,.cer,.der",
    change: (event) => actions.addRoots([...((event.currentTarget as HTMLInputElement).files ?? [])]),
  });
  const none = state.kit === null && state.given.length === 0;
  return h(
    "section",
    { id: "roots", "aria-labelledby": "roots-heading" },
    h("h2", { id: "roots-heading" }, words.say("roots.heading")),
    none && h("p", {}, words.say("roots.none")),
    state.kit && courtRoots(view, state.kit.officers, "officers"),
    state.kit && courtRoots(view, state.kit.authorities, "authorities"),
    state.given.length > 0 && givenRoots(view),
    h(
      "p",
      { class: "action" },
      h(
        "button",
        { type: "button", id: "add-root", "aria-describedby": "note-root", click: () => input.click() },
        words.say("roots.add"),
      ),
      h("span", { class: "note", id: "note-root" }, words.say("roots.add-note")),
      input,
    ),
    state.aboutRoots !== "" && h("p", { class: "said" }, state.aboutRoots),
    state.phase === "done" &&
      state.given.length > 0 &&
      h(
        "p",
        {},
        h(
          "button",
          { type: "button", id: "again", class: "chief", click: () => actions.again() },
          words.say("roots.again"),
        ),
      ),
  );
}

function courtRoots(view: View, roots: readonly Certificate[], use: "officers" | "authorities"): Child {
  if (roots.length === 0) return null;
  const { words } = view;
  const heading = `${words.say("roots.court")}: ${words.say(`roots.${use}`)} (${words.number(roots.length)})`;
  const rows = roots.map((root) => h("li", {}, certificateView(view, root)));
  return h("details", { id: `court-${use}` }, h("summary", {}, heading), h("ul", { class: "certificates" }, ...rows));
}

function givenRoots(view: View): HTMLElement {
  const { state, words, actions } = view;
  const rows = state.given.map((root) => {
    const name = h("span", { class: "unseen" }, ": ", outside(root.subject));
    const remove = (): void => actions.removeRoot(root);
    const button = h(
      "button",
      { type: "button", id: `remove-${root.fingerprint}`, click: remove },
      words.say("roots.remove"),
      name,
    );
    return h("li", {}, certificateView(view, root), button);
  });
  return h("div", {}, h("h3", {}, words.say("roots.given")), h("ul", { class: "certificates" }, ...rows));
}

/** Return a certificate's name, validity and fingerprint in large groups. */
export function certificateView({ words }: View, certificate: Certificate): HTMLElement {
  const [from, until] = [certificate.notBefore, certificate.notAfter].map((at) => moment(at, words.language));
  return h(
    "div",
    { class: "certificate" },
    h("p", { class: "name" }, outside(certificate.subject)),
    certificate.practice && h("p", { class: "training" }, words.say("roots.practice")),
    terms([
      [words.say("roots.valid"), `${from} – ${until}`],
      [words.say("roots.fingerprint"), valueView(certificate.fingerprint)],
    ]),
  );
}

/** Return a value of 64 digits in groups of four, eight in a row, or four where there is no room for eight. */
export function valueView(value: string): HTMLElement {
  const found = groups(value);
  const row = (part: readonly string[]): HTMLElement =>
    h("span", { class: "row" }, ...part.flatMap((group) => [h("span", {}, group), " "]));
  return h("code", { class: "value" }, ...[0, 4, 8, 12].map((at) => row(found.slice(at, at + 4))));
}
