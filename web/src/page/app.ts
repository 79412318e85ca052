/** Leads a person through a check: choose, wait, read. What is known stays here until the page is closed. */

import { shorten } from "../display.js";
import { attempt, FormatError } from "../errors.js";
import type { OnProgress, Report } from "../models.js";
import type { Certificate } from "../trust/certificates.js";
import type { Options } from "../verify/verify.js";
import { compareValue } from "./compare.js";
import { h } from "./dom.js";
import { areCertificates, type Chosen, dropped } from "./files.js";
import { givingTo, optionsOf } from "./giving.js";
import { pageView, remembering } from "./page_view.js";
import { progressOf } from "./progress.js";
import { ROWS } from "./result_view.js";
import { believed, claimedRoots, type Kit, readCertificates } from "./roots.js";
import type { Actions, State } from "./state.js";
import { type Language, wordsOf } from "./words.js";

declare global {
  interface Window {
    /** What the last check found, as `verify --json` has it (interface.md). */
    evidenceKitReport?: Report | undefined;
  }
}

/** Verifies what was chosen; never raises for bad evidence. */
export type Verify = (
  files: Chosen["files"],
  options: Options & { readonly onProgress: OnProgress },
  emptyFolders: readonly string[],
) => Promise<Report>;

/** Show the page, of a court's *kit* or of the copy that lies with the evidence, and check with *verify*. */
export function start(verify: Verify, kit: Kit | null): void {
  const app = document.getElementById("app") as HTMLElement;
  const status = document.getElementById("status") as HTMLElement;
  const state = begun(kit);
  let words = wordsOf("mn");

  const announce = (text: string): void => {
    status.textContent = text;
  };
  const show = (focus?: string): void => {
    document.documentElement.lang = words.language;
    document.title = words.say("page.title");
    remembering(app, () => app.replaceChildren(...pageView({ state, words, actions }, speak)));
    if (focus !== undefined) document.getElementById(focus)?.focus();
  };
  const speak = (language: Language): void => {
    words = wordsOf(language);
    // What was said stays behind in the language that it was said in.
    Object.assign(state, { aboutRoots: "", aboutOutside: "", comparedPrint: "" });
    if (state.phase !== "broken") state.problem = "";
    announce("");
    show();
  };

  const run = async (evidence: Chosen): Promise<void> => {
    Object.assign(state, { phase: "checking", evidence, report: undefined, claimed: [], problem: "", aboutRoots: "" });
    Object.assign(state, { typedRoot: "", comparedRoot: undefined, typedPrint: "", comparedPrint: "" });
    state.rows.clear();
    window.evidenceKitReport = undefined;
    show("progress-heading");
    const onProgress = progressOf(() => words, announce);
    // The page shows that work has begun before it begins.
    await new Promise((resolve) => setTimeout(resolve, 20));
    const now = Date.now();
    const options = { roots: believed(kit, state.given), now, onProgress, ...optionsOf(state.outside) };
    const report = await verify(evidence.files, options, evidence.empty);
    const inVain = options.withheld !== undefined && report.kind !== "bundle";
    state.aboutOutside = inVain ? words.say("outside.not-a-bundle") : "";
    state.wouldVerify = report.verdict === "verified" && kit === null;
    state.report = state.wouldVerify ? { ...report, verdict: "unchanged" } : report;
    state.claimed = await claimedRoots(evidence);
    Object.assign(state, { phase: "done", checked: now });
    show("result-heading");
    announce(words.say("result.ready", { verdict: words.say(`verdict.${state.report.verdict}`) }));
    window.evidenceKitReport = state.report;
  };
  const broken = (error: unknown): void => {
    console.error(error);
    Object.assign(state, {
      phase: "broken",
      problem: shorten(error instanceof Error ? error.message : String(error), 300),
    });
    show("broken-heading");
  };

  const tellOutside = (said: string): void => {
    show();
    announce(said);
  };
  const actions: Actions = {
    ...givingTo(state, () => words, tellOutside, broken),
    check(chosen) {
      if (state.phase === "checking") return;
      if (areCertificates(chosen)) return actions.addRoots(chosen.files.map(([, file]) => file));
      if (chosen.files.length === 0) {
        state.problem = words.say("choose.none");
        announce(state.problem);
        return show();
      }
      run(chosen).catch(broken);
    },
    again() {
      if (state.evidence !== undefined) run(state.evidence).catch(broken);
    },
    another() {
      Object.assign(state, { phase: "choose", evidence: undefined, report: undefined, problem: "" });
      announce("");
      show("choose-file");
    },
    addRoots(files) {
      add(files).catch(broken);
    },
    removeRoot(root) {
      state.given = state.given.filter((other) => other !== root);
      tellRoots(words.say("roots.removed", { name: root.subject }));
      document.getElementById("add-root")?.focus();
    },
    compareRoot() {
      const value = state.report?.root?.replace(/^sha256:/, "");
      if (value === undefined) return;
      state.comparedRoot = compareValue(state.typedRoot, value);
      show();
      announce(document.getElementById("root-compared")?.textContent ?? "");
    },
    comparePrint() {
      state.comparedPrint = comparePrint();
      if (state.comparedPrint !== "") {
        show();
        announce(state.comparedPrint);
      } else document.getElementById("again")?.focus();
    },
    showMore(step) {
      state.rows.set(step, (state.rows.get(step) ?? ROWS) + ROWS);
      show();
    },
    save() {
      const address = URL.createObjectURL(
        new Blob([JSON.stringify(state.report, null, 2)], { type: "application/json" }),
      );
      h("a", { href: address, download: "verify.json" }).click();
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
    },
  };

  const tellRoots = (text: string): void => {
    state.aboutRoots = text;
    show();
    announce(text);
  };
  const add = async (files: readonly File[]): Promise<void> => {
    const told: string[] = [];
    for (const file of files) {
      const found = await attempt(() => readCertificates(file.name, file));
      if (found instanceof FormatError) told.push(words.say("roots.refused", { name: file.name }));
      else told.push(...found.map(take));
    }
    tellRoots(told.join(" "));
  };
  /** Believe *root* from now on, and say so. */
  const take = (root: Certificate): string => {
    const { established, practice } = believed(kit, state.given);
    const known = [...established, ...practice].some((other) => other.fingerprint === root.fingerprint);
    if (!known) state.given = [...state.given, root];
    return words.say(known ? "roots.known" : "roots.added", { name: root.subject });
  };
  /** Return what is wrong with the fingerprint that was typed; when it is that of a claimed root, believe this one. */
  const comparePrint = (): string => {
    for (const root of state.claimed) {
      const found = compareValue(state.typedPrint, root.fingerprint);
      if (found.kind === "empty") return words.say("root.empty");
      if (found.kind === "unreadable") return words.say("root.unreadable", { characters: found.characters });
      if (found.kind === "begun" || found.kind === "short" || found.kind === "long") return words.say("claimed.short");
      if (found.kind === "same") {
        take(root);
        tellRoots(words.say("claimed.same", { name: root.subject }));
        return "";
      }
    }
    return words.say("claimed.none");
  };

  listenForDrops(app, async (items) => {
    const found = await attempt(() => dropped(items));
    if (found instanceof FormatError) {
      state.problem = words.say("choose.unreadable", { problem: found.message });
      announce(state.problem);
      show();
    } else actions.check(found);
  });
  show();
}

function begun(kit: Kit | null): State {
  return {
    phase: "choose",
    kit,
    given: [],
    evidence: undefined,
    report: undefined,
    wouldVerify: false,
    claimed: [],
    checked: 0,
    problem: "",
    aboutRoots: "",
    typedRoot: "",
    comparedRoot: undefined,
    typedPrint: "",
    comparedPrint: "",
    outside: [],
    aboutOutside: "",
    typedReceipt: "",
    rows: new Map(),
  };
}

/** Take what is dropped anywhere: the browser would open it and leave the page otherwise. */
function listenForDrops(app: HTMLElement, take: (items: DataTransferItemList) => Promise<void>): void {
  const over = (event: DragEvent, inside: boolean): void => {
    event.preventDefault();
    app.classList.toggle("dragging", inside);
  };
  document.addEventListener("dragover", (event) => over(event, true));
  document.addEventListener("dragleave", (event) => over(event, event.relatedTarget !== null));
  document.addEventListener("drop", (event) => {
    over(event, false);
    if (event.dataTransfer !== null) void take(event.dataTransfer.items);
  });
}
