/** The answer first; then the root value, the roots that came with the evidence, and every check by its step. */

import { stepOf } from "../catalogue.js";
import type { Check, Outcome, Report, Verdict } from "../models.js";
import type { Comparison } from "./compare.js";
import { type Child, h, outside, sign } from "./dom.js";
import { isPractice, outcomes } from "./facts.js";
import { believed } from "./roots.js";
import { certificateView, valueView } from "./start_view.js";
import type { View } from "./state.js";

const STEPS = 10;
/** Checks of a step shown at first, and more at each press. */
export const ROWS = 50;
/** What does not hold, told beside the answer. */
const TOLD = 5;
const WORST: readonly Outcome[] = ["failed", "not-checked", "passed"];

/** Return the one sentence on the result. */
export function sentence({ state, words }: View, report: Report): string {
  if (report.verdict === "verified" && isPractice(report)) return words.say("says.verified-practice");
  if (report.verdict === "unchanged" && state.wouldVerify) return words.say("says.unchanged-believed");
  return words.say(`says.${report.verdict}`);
}

/** Return sign and word of a verdict. */
export function verdictView({ words }: View, verdict: Verdict): Child[] {
  return [sign(verdict), h("span", {}, words.say(`verdict.${verdict}`))];
}

/** Return the plain answer. */
export function answerView(view: View, report: Report): HTMLElement {
  const { words, actions } = view;
  const { failed } = outcomes(report.checks);
  const told = report.verdict === "altered" ? wrongView(view, report, TOLD) : null;
  const button = (id: string, act: () => void): HTMLElement =>
    h("button", { type: "button", id, click: act }, words.say(`result.${id}`));
  return h(
    "section",
    { id: "answer", class: `answer ${report.verdict}`, "aria-labelledby": "result-heading" },
    h(
      "h2",
      { id: "result-heading", tabindex: "-1" },
      h("span", { class: "unseen" }, words.say("result.heading"), ": "),
      ...verdictView(view, report.verdict),
    ),
    h("p", { class: "large" }, sentence(view, report)),
    isPractice(report) && h("p", { class: "training" }, words.say("says.practice")),
    told && h("p", {}, words.say("says.altered-count", { count: failed })),
    told,
    h(
      "p",
      { class: "action" },
      button("print", () => window.print()),
      button("save", () => actions.save()),
      button("another", () => actions.another()),
    ),
  );
}

/** Return what does not hold, at most *most* kinds of it, each with its first place and how many more there are. */
export function wrongView({ words }: View, report: Report, most: number): HTMLElement | null {
  const kinds = new Map<string, Check[]>();
  for (const check of report.checks) {
    if (check.outcome !== "failed") continue;
    const same = kinds.get(check.id) ?? [];
    same.push(check);
    kinds.set(check.id, same);
  }
  const rows = [...kinds.values()].slice(0, most).map(([first, ...others]) => {
    const more = others.length > 0 && `; ${words.say("record.further", { count: others.length })}`;
    return first && h("li", {}, words.title(first), ": ", outside(first.subject, 90), more);
  });
  if (kinds.size > most) rows.push(h("li", {}, words.say("record.further", { count: kinds.size - most })));
  return rows.length > 0 ? h("ul", { class: "wrong" }, ...rows) : null;
}

/** Return the root value, and a field to compare it with one on paper. */
export function rootView(view: View, report: Report): Child {
  const { state, words, actions } = view;
  const digits = report.root?.replace(/^sha256:/, "");
  if (digits === undefined) return null;
  const ours = report.kind === "bundle" || report.kind === "report";
  return h(
    "section",
    { id: "root", "aria-labelledby": "root-heading" },
    h("h2", { id: "root-heading" }, words.say(`root.root-${report.kind}`)),
    valueView(digits),
    ours && h("p", {}, words.say("root.meaning")),
    h(
      "form",
      { submit: (event) => submitted(event, () => actions.compareRoot()) },
      h("h3", {}, words.say("root.compare")),
      field("root-typed", words.say("root.label"), words.say("root.hint"), state.typedRoot, (typed) => {
        state.typedRoot = typed;
      }),
      h("button", { id: "root-compare" }, words.say("root.button")),
    ),
    state.comparedRoot && comparedView(view, state.comparedRoot),
  );
}

/** Return what a comparison said, as text. */
export function comparedText({ words }: View, found: Comparison): string {
  switch (found.kind) {
    case "begun":
      return words.say("root.begun", { missing: found.missing });
    case "differs":
      return words.say("root.differs", { group: found.group });
    case "unreadable":
      return words.say("root.unreadable", { characters: found.characters });
    default:
      return words.say(`root.${found.kind}`);
  }
}

function comparedView(view: View, found: Comparison): HTMLElement {
  const { words } = view;
  const outcome: Outcome =
    found.kind === "same" ? "passed" : found.kind === "differs" || found.kind === "long" ? "failed" : "not-checked";
  const differing =
    found.kind === "differs" &&
    h(
      "p",
      {},
      `${words.say("root.typed")}: `,
      h("code", {}, found.typed),
      ` · ${words.say("root.here")}: `,
      h("code", {}, found.here),
    );
  return h(
    "div",
    { id: "root-compared", class: `compared ${found.kind}` },
    h("p", { class: "outcome" }, sign(outcome), comparedText(view, found)),
    differing,
  );
}

/** Return the roots that only the evidence names, and a field to compare a fingerprint. */
export function claimedView(view: View): Child {
  const { state, words, actions } = view;
  const { established, practice } = believed(state.kit, state.given);
  const known = new Set([...established, ...practice].map((root) => root.fingerprint));
  const claimed = state.claimed.filter((root) => !known.has(root.fingerprint));
  if (claimed.length === 0) return null;
  return h(
    "section",
    { id: "claimed", "aria-labelledby": "claimed-heading" },
    h("h2", { id: "claimed-heading" }, words.say("claimed.heading")),
    h("p", {}, words.say("claimed.sentence")),
    h("ul", { class: "certificates" }, ...claimed.map((root) => h("li", {}, certificateView(view, root)))),
    h(
      "form",
      { submit: (event) => submitted(event, () => actions.comparePrint()) },
      field("print-typed", words.say("claimed.label"), "", state.typedPrint, (typed) => {
        state.typedPrint = typed;
      }),
      h("button", { id: "print-compare" }, words.say("root.button")),
    ),
    state.comparedPrint !== "" && h("p", { class: "said" }, state.comparedPrint),
  );
}

function submitted(event: Event, act: () => void): void {
  event.preventDefault();
  act();
}

function field(id: string, label: string, hint: string, value: string, keep: (typed: string) => void): HTMLElement {
  const input = h("input", {
    id,
    type: "text",
    autocomplete: "off",
    spellcheck: "false",
    maxlength: "400",
    "aria-describedby": hint === "" ? false : `${id}-hint`,
    input: (event) => keep((event.currentTarget as HTMLInputElement).value),
  });
  input.value = value;
  return h(
    "div",
    { class: "field" },
    h("label", { for: id }, label),
    hint !== "" && h("p", { class: "note", id: `${id}-hint` }, hint),
    input,
  );
}

/** Return every check, grouped by the ten steps of the specification. */
export function checksView(view: View, report: Report): HTMLElement {
  const { words } = view;
  const steps = new Map<number, Check[]>();
  const numbers = Array.from({ length: STEPS }, (_, at) => at + 1);
  for (const step of numbers) steps.set(step, []);
  for (const check of report.checks) steps.get(stepOf(check.id))?.push(check);
  return h(
    "section",
    { id: "checks", "aria-labelledby": "checks-heading" },
    h("h2", { id: "checks-heading" }, words.say("checks.heading")),
    h("p", {}, words.say("checks.intro")),
    h("ol", { class: "steps" }, ...numbers.map((step) => h("li", {}, stepView(view, step, steps.get(step) ?? [])))),
  );
}

function stepView(view: View, step: number, checks: readonly Check[]): HTMLElement {
  const { state, words, actions } = view;
  const name = `${step}. ${words.say(`step.${step}`)}`;
  if (checks.length === 0)
    return h("p", { class: "absent" }, name, " ", h("span", { class: "note" }, words.say("checks.not-taken")));
  const counted = outcomes(checks);
  const worst = WORST.find((outcome) => counted[outcome] > 0) ?? "passed";
  const said = WORST.filter((outcome) => counted[outcome] > 0).map((outcome) =>
    words.say(`checks.count-${outcome}`, { count: counted[outcome] }),
  );
  const sorted = WORST.flatMap((outcome) => checks.filter((check) => check.outcome === outcome));
  const shown = state.rows.get(step) ?? ROWS;
  const left = sorted.length - shown;
  const next = Math.min(left, ROWS);
  return h(
    "details",
    { id: `step-${step}`, open: worst === "failed" },
    h(
      "summary",
      {},
      sign(worst),
      h("span", { class: "step" }, name),
      " ",
      h("span", { class: "counts" }, said.join(" · ")),
    ),
    h("ul", { class: "rows" }, ...sorted.slice(0, shown).map((check) => checkView(view, check))),
    left > 0 &&
      h(
        "p",
        { class: "action" },
        h("span", {}, words.say("checks.more", { count: left })),
        h(
          "button",
          { type: "button", id: `more-${step}`, click: () => actions.showMore(step) },
          words.say("checks.show-more", { count: next }),
        ),
      ),
  );
}

function checkView({ words }: View, check: Check): HTMLElement {
  const said = words.detail(check.detail);
  const detail = said || check.detail;
  const subject = words.detail(check.subject) || check.subject;
  return h(
    "li",
    { class: check.outcome },
    h("p", { class: "outcome" }, sign(check.outcome), words.say(`outcome.${check.outcome}`)),
    h(
      "div",
      {},
      h("p", {}, words.title(check), " ", h("code", { class: "id" }, check.id)),
      check.subject !== "" && h("p", { class: "subject" }, `${words.say("checks.subject")}: `, outside(subject)),
      detail !== "" && h("p", { class: "detail", lang: said === "" ? "en" : words.language }, outside(detail, 1000)),
    ),
  );
}
