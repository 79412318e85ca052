/** Builds the page. Text becomes text and nothing else: there is no way here to give markup. */

import { shorten } from "../display.js";
import type { Outcome, Verdict } from "../models.js";

export type Child = Node | string | null | undefined | false;

interface Attributes {
  readonly [name: string]: string | boolean | undefined | ((event: Event) => void);
}

const SVG = "http://www.w3.org/2000/svg";

/** Return an element; an attribute that is a function listens for the event of its name, `false` leaves one out. */
export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes,
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(
    ...children.filter((child): child is Node | string => child !== null && child !== undefined && child !== false),
  );
  return element;
}

/** Return text from outside, which cannot reorder what stands around it. */
export function outside(text: string, most = 300): HTMLElement {
  return h("bdi", {}, shorten(text, most));
}

/** Return a list of terms; a term without values is left out. */
export function terms(pairs: readonly (readonly [string, Child | readonly Child[]])[]): HTMLElement | null {
  const rows = pairs.filter(([, value]) => value !== null && value !== undefined && value !== false && value !== "");
  if (rows.length === 0) return null;
  const row = ([name, value]: readonly [string, Child | readonly Child[]]): HTMLElement => {
    const values = isList(value) ? value : [value];
    return h("div", {}, h("dt", {}, name), ...values.map((each) => h("dd", {}, each)));
  };
  return h("dl", {}, ...rows.map(row));
}

function isList(value: Child | readonly Child[]): value is readonly Child[] {
  return Array.isArray(value);
}

const SOLID = "solid";
const LINE = "line";

/** The sign of each verdict has a form of its own: disc and tick, square, octagon and cross, diamond and mark. */
const VERDICTS: { readonly [verdict in Verdict]: readonly (readonly [string, string])[] } = {
  verified: [
    [SOLID, "M32 3a29 29 0 1 0 0 58a29 29 0 1 0 0-58Z"],
    ["cut", "M18 33l10 10 18-21"],
  ],
  unchanged: [
    [LINE, "M9 9h46v46h-46Z"],
    [LINE, "M20 26h24M20 38h24"],
  ],
  altered: [
    [SOLID, "M20 3h24l17 17v24l-17 17h-24l-17-17v-24Z"],
    ["cut", "M22 22l20 20M42 22l-20 20"],
  ],
  "cannot-verify": [
    [LINE, "M32 4l28 28-28 28-28-28Z"],
    [LINE, "M25 26a7 7 0 1 1 10 6.5c-2.2 1.2-3 2.3-3 5M32 44v2"],
  ],
};

const OUTCOMES: { readonly [outcome in Outcome]: readonly (readonly [string, string])[] } = {
  passed: [[LINE, "M12 34l14 14 26-32"]],
  failed: [
    [SOLID, "M20 3h24l17 17v24l-17 17h-24l-17-17v-24Z"],
    ["cut", "M22 22l20 20M42 22l-20 20"],
  ],
  "not-checked": [[LINE, "M32 8a24 24 0 1 0 0 48a24 24 0 1 0 0-48Z"]],
};

/** Return the sign of a verdict or an outcome; the word beside it says the same. */
export function sign(of: Verdict | Outcome): Element {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 64 64");
  svg.setAttribute("class", `sign ${of}`);
  svg.setAttribute("aria-hidden", "true");
  const strokes = of in VERDICTS ? VERDICTS[of as Verdict] : OUTCOMES[of as Outcome];
  for (const [kind, line] of strokes) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", kind);
    path.setAttribute("d", line);
    svg.append(path);
  }
  return svg;
}
