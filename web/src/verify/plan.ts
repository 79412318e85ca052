/**
 * The plan of the exhibits in a bundle: which items it names, in which order (evidence-format.md, 7.1).
 *
 * It is read in the one form in which the kit writes it: a reader of all of TOML is at the mercy of what others write.
 */

import { FormatError } from "../errors.js";

const HEAD = 'schema = "evidence-kit/exhibits/1"\n';
/** A basic string of TOML to the end of its line; each part can begin in one way only, so that nothing is tried twice. */
const TEXT = String.raw`"[^"\\\n]*(?:\\[^\n][^"\\\n]*)*"\n`;
const BLOCK = new RegExp(
  String.raw`\n\[\[exhibit\]\]\nitem = "([A-Za-z0-9._-]{1,100})"\n` +
    `label = ${TEXT}title = ${TEXT}why = ${TEXT}` +
    String.raw`blurred = (?:true|false)\n(?:pages = \[[0-9, ]+\]\n)?(?:regions = \[[0-9, \[\]]+\]\n)?(?:places = true\n)?` +
    String.raw`(?:\n\[\[exhibit\.transcript\]\]\nconversation = [0-9]+\nmessages = \[[0-9", -]+\]\ncontext = [0-9]+\n)*`,
  "y",
);

/** Return the items that the plan *data* names, in its order; raises `FormatError` for any other form. */
export function plannedItems(data: Uint8Array): string[] {
  const written = new TextDecoder("latin1").decode(data);
  const items: string[] = [];
  let at = HEAD.length;
  while (written.startsWith(HEAD)) {
    BLOCK.lastIndex = at;
    const item = BLOCK.exec(written)?.[1];
    if (item === undefined) break;
    items.push(item);
    at = BLOCK.lastIndex;
  }
  if (items.length === 0 || at !== written.length) {
    throw new FormatError(`it is not in the form of a plan of exhibits from byte ${items.length > 0 ? at : 0} on`);
  }
  return items;
}
