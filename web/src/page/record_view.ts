/** The record of a check, on one printed page: everything on it is bounded. */

import type { Report } from "../models.js";
import { type Child, h, outside, terms } from "./dom.js";
import { isPractice, list, members, outcomes, said } from "./facts.js";
import { gaps, some, timeView, unsecured } from "./facts_view.js";
import { sentence, verdictView, wrongView } from "./result_view.js";
import { believed } from "./roots.js";
import { valueView } from "./start_view.js";
import type { View } from "./state.js";

const NAMES = 2;
const WRONG = 4;
const GAPS = 6;

/** Return the page that is printed; it is not shown on the screen. */
export function recordView(view: View, report: Report): HTMLElement {
  const { state, words } = view;
  const made = state.kit === null ? "record.page-bundle" : "record.page-kit";
  return h(
    "section",
    { id: "record", "aria-labelledby": "record-heading" },
    h("p", { class: "made" }, words.say(made)),
    h("h1", { id: "record-heading" }, words.say("record.title")),
    h("p", { class: `verdict ${report.verdict}` }, ...verdictView(view, report.verdict)),
    h("p", { class: "large" }, sentence(view, report)),
    isPractice(report) && h("p", { class: "training" }, words.say("says.practice")),
    ...wrong(view, report),
    ...root(view, report),
    terms([
      [words.say("what.kind"), words.say(`kind.${report.kind}`)],
      [words.say("what.subject"), outside(report.subject, 120)],
      [words.say("what.items"), some(words, list(report.facts["items"]).map(said), 8)],
      [words.say("when.sealed"), timeView(words, report.facts["sealed"])],
      [words.say("when.bundle_time_stamp"), timeView(words, report.facts["bundle_time_stamp"])],
      ...signers(view, report),
      [words.say("held.officers"), some(words, list(members(report.facts["custody"])?.["officers"]).map(said), NAMES)],
      ...gaps(words, report).slice(0, GAPS),
      [words.say("record.roots"), roots(view)],
      [words.say("record.counts"), counts(view, report)],
      [words.say("when.checked"), timeView(words, new Date(state.checked).toISOString())],
    ]),
    ...unsecured(words, report).map((each) => h("p", { class: "note" }, each)),
    h("div", { class: "signature" }, h("p", {}, words.say("record.checked-by")), h("p", {}, words.say("record.date"))),
  );
}

function signers({ words }: View, report: Report): (readonly [string, Child])[] {
  const shown = report.signers.slice(0, NAMES).map((signer): readonly [string, Child] => {
    return [
      words.say("who.heading"),
      h("span", {}, outside(signer.name, 80), ` (${words.say(`trust.${signer.trust}`)})`),
    ];
  });
  const left = report.signers.length - shown.length;
  return left > 0 ? [...shown, [words.say("who.heading"), words.say("record.further", { count: left })]] : shown;
}

function roots({ state, words }: View): Child {
  const { established, practice } = believed(state.kit, state.given);
  const names = [...established, ...practice].map((root) => root.subject);
  return some(words, names, NAMES) ?? words.say("common.none");
}

function counts({ words }: View, report: Report): string {
  const counted = outcomes(report.checks);
  const all = ["failed", "not-checked", "passed"] as const;
  return all.map((outcome) => words.say(`checks.count-${outcome}`, { count: counted[outcome] })).join(" · ");
}

function root({ state, words }: View, report: Report): Child[] {
  if (report.root === null) return [];
  const found = state.comparedRoot?.kind;
  const known =
    found === "same" || found === "short" ? found : found === "differs" || found === "long" ? "differs" : "not";
  return [
    h("h2", {}, words.say(`root.root-${report.kind}`)),
    valueView(report.root.replace(/^sha256:/, "")),
    h("p", { class: "note" }, `${words.say("record.compared")}: ${words.say(`record.compared-${known}`)}`),
  ];
}

function wrong(view: View, report: Report): Child[] {
  const told = wrongView(view, report, WRONG);
  return told === null ? [] : [h("h2", {}, view.words.say("record.wrong")), told];
}
