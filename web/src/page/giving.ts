/** What a person can do with what came from outside: give it, and take it back. */

import { attempt, FormatError } from "../errors.js";
import type { Options } from "../verify/verify.js";
import { anchorsOf, type Given, receiptOf, receiptTyped, withheldOf } from "./outside.js";
import type { Actions, State } from "./state.js";
import type { Words } from "./words.js";

type Giving = "addReceipts" | "typeReceipt" | "addAnchors" | "addWithheld" | "removeOutside";

/** Return these actions on *state*; *show* draws the page and says what was done, *broken* hears of bugs. */
export function givingTo(
  state: State,
  words: () => Words,
  show: (said: string) => void,
  broken: (error: unknown) => void,
): Pick<Actions, Giving> {
  const tell = (said: string): void => {
    state.aboutOutside = said;
    show(said);
  };
  const take = (given: Given): string => {
    // Files of one name may come from several bodies: each counts. There is one file of withheld events only.
    const others = state.outside.filter((known) => known.kind !== "withheld" || given.kind !== "withheld");
    state.outside = [...others, given];
    return words().say("outside.added", { name: given.name });
  };
  const refuse = (name: string, problem: string): string => words().say("outside.refused", { name, problem });
  const add = async (files: readonly File[], read: (name: string, file: File) => Promise<Given>): Promise<void> => {
    const told: string[] = [];
    for (const file of files) {
      const found = await attempt(() => read(file.name, file));
      told.push(found instanceof FormatError ? refuse(file.name, found.message) : take(found));
    }
    tell(told.join(" "));
  };
  const addAnchors = async (files: readonly File[]): Promise<void> => {
    const read = await attempt(() => anchorsOf(files));
    if (read instanceof FormatError) return tell(read.message);
    const refused = read.refused.map((name) => words().say("outside.no-anchor", { name }));
    tell([...read.found.map(take), ...refused].join(" "));
  };
  return {
    addReceipts(files) {
      add(files, receiptOf).catch(broken);
    },
    typeReceipt() {
      attempt(() => receiptTyped(state.typedReceipt)).then((found) => {
        if (found instanceof FormatError) return tell(refuse(words().say("outside.typed"), found.message));
        state.typedReceipt = "";
        tell(take(found));
      }, broken);
    },
    addAnchors(files) {
      addAnchors(files).catch(broken);
    },
    addWithheld(files) {
      add(files, withheldOf).catch(broken);
    },
    removeOutside(given) {
      state.outside = state.outside.filter((known) => known !== given);
      tell(words().say("outside.removed", { name: given.name }));
      document.getElementById("outside-more")?.querySelector("summary")?.focus();
    },
  };
}

/** Return what was *given* as the verifier takes it. */
export function optionsOf(given: readonly Given[]): Pick<Options, "outside" | "withheld"> {
  const receipts = given.flatMap((each) => (each.kind === "receipt" ? each.receipt : []));
  const anchors = given.flatMap((each) => (each.kind === "anchor" ? each.anchor : []));
  const withheld = given.find((each) => each.kind === "withheld");
  return { outside: { receipts, anchors }, ...(withheld === undefined ? {} : { withheld: withheld.data }) };
}
