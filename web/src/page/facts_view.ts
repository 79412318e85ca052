/** What, when, by whom, who held it, what is missing: the facts of a report, in the reader's words. */

import type { Json, Report } from "../models.js";
import { moment, stamp, utc } from "./dates.js";
import { type Child, h, outside, terms } from "./dom.js";
import { count, list, members, said, time } from "./facts.js";
import { valueView } from "./start_view.js";
import type { View } from "./state.js";
import type { Words } from "./words.js";

/** Rows of a kind that are shown; the others are counted. */
const MOST = 12;

type Pair = readonly [string, Child | readonly Child[]];

/** Return the five answers. */
export function factsView(view: View, report: Report): HTMLElement {
  const part = (name: string, ...children: readonly Child[]): HTMLElement =>
    h(
      "section",
      { "aria-labelledby": `${name}-heading` },
      h("h3", { id: `${name}-heading` }, view.words.say(`${name}.heading`)),
      ...children,
    );
  return h(
    "div",
    { class: "facts" },
    part("what", terms(what(view, report))),
    part("when", terms(when(view, report))),
    part("who", ...who(view, report)),
    part("held", ...held(view, report)),
    part("missing", ...missing(view, report)),
  );
}

function what({ state, words }: View, { facts, kind, subject }: Report): Pair[] {
  const files = state.evidence?.files ?? [];
  const bytes = files.reduce((sum, [, file]) => sum + file.size, 0);
  const made = Object.values(members(facts["derived"]) ?? {}).some((value) => count(value) > 0);
  const derived: Pair | undefined = made
    ? [words.say("what.derived"), outcomes(words, "derived", facts["derived"])]
    : undefined;
  return [
    [words.say("what.kind"), words.say(`kind.${kind}`)],
    [words.say("what.subject"), outside(subject)],
    [words.say("what.number"), words.number(files.length)],
    [words.say("what.size"), megabytes(words, bytes)],
    [words.say("what.items"), some(words, list(facts["items"]).map(said))],
    [words.say("what.purpose"), purpose(facts["purpose"])],
    [words.say("what.attempts"), orNone(words, outcomes(words, "status", facts["attempts"]), facts["attempts"])],
    [words.say("what.supplied"), orNone(words, outcomes(words, "supplied", facts["supplied"]), facts["supplied"])],
    ...(derived === undefined ? [] : [derived]),
    ...sealed(words, facts),
    [words.say("what.previous"), some(words, list(facts["previous"]).map(earlier))],
  ];
}

/** Return what was sealed, if anything was. */
function sealed(words: Words, facts: Report["facts"]): Pair[] {
  const tried = outcomes(words, "sealed", facts["sealing"]);
  const here = list(facts["sealed_items"]).map((each) => {
    const told = members(each) ?? {};
    const [files, keys] = [words.number(count(told["files"])), words.number(count(told["keys"]))];
    return words.say("what.sealed-item", { item: said(told["item"]), files, keys });
  });
  if (tried.length === 0 && here.length === 0) return [];
  return [
    [words.say("what.sealing"), orNone(words, tried, facts["sealing"])],
    [words.say("what.sealed-items"), some(words, here)],
  ];
}

/** Return each outcome that there was, in the words of *group*, and how often. */
function outcomes(words: Words, group: string, told: Json | undefined): string[] {
  const found = Object.entries(members(told) ?? {}).filter(([, number]) => count(number) > 0);
  return found.map(([state, number]) => `${words.word(group, state)}: ${words.number(count(number))}`);
}

/** Return *found*; of what the log tells, and there was none of, that there was none; of what it does not tell nothing. */
function orNone(words: Words, found: readonly string[], told: Json | undefined): Child | readonly string[] {
  if (found.length > 0) return found;
  return members(told) === undefined ? null : words.say("common.none");
}

function purpose(value: Json | undefined): Child {
  return said(value) === "" ? null : outside(said(value));
}

function earlier(form: Json): string {
  return `${said(members(form)?.["name"])}, ${said(members(form)?.["sealed"])}`;
}

function when(view: View, { facts }: Report): Pair[] {
  const { state, words } = view;
  const custody = members(facts["custody"]) ?? {};
  const pairs: Pair[] = ["sealed", "bundle_time_stamp", "report_time_stamp"].map((key) => [
    words.say(`when.${key}`),
    timeView(words, facts[key]),
  ]);
  pairs.push(
    [words.say("when.first"), timeView(words, custody["first"])],
    [words.say("when.last"), timeView(words, custody["last"])],
  );
  for (const [item, value] of Object.entries(members(facts["assembled"]) ?? {}).slice(0, MOST)) {
    const [opened, closed] = ["from", "to"].map((key) => time(members(value)?.[key]));
    if (opened === undefined || closed === undefined) continue;
    const key = members(value)?.["trusted"] === true ? "when.between" : "when.between-claimed";
    pairs.push([
      words.say("when.assembled", { item }),
      words.say(key, { opened: stamp(opened), closed: stamp(closed) }),
    ]);
  }
  if (facts["time_stamps"] !== undefined) {
    pairs.push([words.say("when.stamps"), words.number(list(facts["time_stamps"]).length)]);
  }
  pairs.push([words.say("when.checked"), timeView(words, new Date(state.checked).toISOString())]);
  return pairs;
}

/** Return a time for people, and beside it as it is written. */
export function timeView(words: Words, value: Json | undefined): Child {
  const found = time(value);
  if (found === undefined) return null;
  return h(
    "span",
    {},
    h("time", { datetime: utc(found) }, moment(found, words.language)),
    " ",
    h("span", { class: "utc" }, utc(found)),
  );
}

function who({ words }: View, { signers }: Report): Child[] {
  if (signers.length === 0) return [h("p", {}, words.say("who.nobody"))];
  const rows = signers
    .slice(0, MOST)
    .map((signer) =>
      h(
        "li",
        {},
        h("p", { class: "name" }, outside(signer.name)),
        h("p", { class: `trust ${signer.trust}` }, words.say(`trust.${signer.trust}`)),
        h(
          "details",
          { id: `signer-${signer.certificate_sha256}` },
          h("summary", {}, words.say("who.certificate")),
          valueView(signer.certificate_sha256),
        ),
      ),
    );
  return [h("ul", { class: "signers" }, ...rows), rest(words, signers.length)];
}

function held({ words }: View, { facts }: Report): Child[] {
  const custody = members(facts["custody"]);
  if (custody === undefined) return [h("p", {}, words.say("held.absent"))];
  const transfers = list(facts["transfers"]).map(members);
  const own = terms([
    [words.say("held.officers"), some(words, list(custody["officers"]).map(said))],
    [words.say("held.events"), words.number(count(custody["events"]))],
  ]);
  if (transfers.length === 0) return [own, h("p", {}, words.say("held.none"))];
  const head = ["item", "from", "to", "state"].map((key) => h("th", { scope: "col" }, words.say(`held.${key}`)));
  const rows = transfers.slice(-MOST).map((given) => {
    const to = members(given?.["to"]) ?? {};
    const receiver = [to["name"], to["role"], to["agency"]].map(said).filter(Boolean).join(", ");
    const cells = [
      outside(said(given?.["item"])),
      outside(nameOf(given?.["from"])),
      outside(receiver),
      words.word("hand-over", said(given?.["state"])),
    ];
    return h("tr", {}, ...cells.map((cell) => h("td", {}, cell)));
  });
  const table = h(
    "table",
    {},
    h("caption", {}, words.say("held.caption")),
    h("thead", {}, h("tr", {}, ...head)),
    h("tbody", {}, ...rows),
  );
  return [
    own,
    h("div", { class: "wide", tabindex: "0", role: "region", "aria-label": words.say("held.caption") }, table),
    rest(words, transfers.length),
  ];
}

function nameOf(value: Json | undefined): string {
  return said(value) || said(members(value)?.["name"]);
}

/** Return what is known to be missing, as pairs of a thing and a number or a remark. */
export function gaps(words: Words, { facts, checks, kind }: Report): Pair[] {
  const withheld = members(facts["withheld"]) ?? {};
  const kinds = ["attempts", "supplied", "derived", "sealing"];
  const tried = kinds.map((kind) => members(facts[kind]) ?? {});
  const number = (value: number): string => (value > 0 ? words.number(value) : "");
  const pairs: Pair[] = ["events", "items", "abandoned"].map((key) => [
    words.say(`missing.withheld-${key}`),
    number(count(withheld[key])),
  ]);
  for (const key of ["ground", "decided_by"]) {
    if (said(withheld[key]) !== "") pairs.push([words.say(`missing.${key}`), outside(said(withheld[key]))]);
  }
  for (const key of ["incomplete", "failed", "abandoned"])
    pairs.push([words.say(`missing.${key}`), number(tried.reduce((sum, each) => sum + count(each[key]), 0))]);
  pairs.push([words.say("missing.gaps"), number(list(facts["time_gaps"]).length)]);
  const open = checks.filter((check) => check.outcome === "not-checked").length;
  if (kind !== "unknown") pairs.push([words.say("missing.open"), number(open)]);
  return pairs.filter(([, value]) => value !== "");
}

/** Return sentences on what nothing vouches for. */
export function unsecured(words: Words, { facts, kind }: Report): string[] {
  if (kind !== "bundle") return [];
  const noStamp = said(facts["bundle_time_stamp"]) === "" && words.say("missing.no-stamp");
  const noAnchor = list(facts["outside_anchors"]).length === 0 && words.say("missing.no-anchor");
  return [noStamp, noAnchor].filter((sentence) => sentence !== false);
}

function missing({ words }: View, report: Report): Child[] {
  const [pairs, sentences] = [gaps(words, report), unsecured(words, report)];
  const limits = ["truth", "outside", "server", "copy"].map((key) => h("li", {}, words.say(`missing.limit-${key}`)));
  return [
    pairs.length === 0 && h("p", {}, words.say("missing.none")),
    terms(pairs),
    ...sentences.map((sentence) => h("p", {}, sentence)),
    h("details", { id: "limits" }, h("summary", {}, words.say("missing.limits")), h("ul", {}, ...limits)),
  ];
}

/** Return the first of *values*, and how many more there are. */
export function some(words: Words, values: readonly string[], most = MOST): Child {
  const known = values.filter((value) => value !== "");
  if (known.length === 0) return null;
  const shown = h("span", {}, ...known.slice(0, most).flatMap((value, at) => [at > 0 && ", ", outside(value, 120)]));
  if (known.length > most) shown.append("; ", words.say("record.further", { count: known.length - most }));
  return shown;
}

function rest(words: Words, all: number): Child {
  return all > MOST && h("p", { class: "note" }, words.say("record.further", { count: all - MOST }));
}

export function megabytes(words: Words, bytes: number): string {
  const tenths = Math.max(1, Math.round(bytes / 100_000));
  const point = words.say("what.point");
  return words.say("what.megabytes", { number: `${words.number(Math.floor(tenths / 10))}${point}${tenths % 10}` });
}
