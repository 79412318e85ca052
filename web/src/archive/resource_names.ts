/** The names under which a WARC holds the files of an item (evidence-format.md, 3.1 and 3.3). */

const OWN = "urn:evidence-kit:";
const KNOWN: readonly (readonly [role: string, prefix: string])[] = [
  ["first-screenshot", "urn:view:"],
  ["first-full", "urn:fullPage:"],
  ["screenshot", "urn:fullPageFinal:"],
  ["first-text", "urn:text:"],
  ["text", "urn:textFinal:"],
];

/** Roles of files that the web archive holds too. */
export const RECORDED: ReadonlySet<string> = new Set([
  ...KNOWN.map(([role]) => role),
  "accessibility",
  "archives",
  "connections",
  "conversations",
  "dom",
  "dom-snapshot",
  "environment",
  "facts",
  "first-dom",
  "freeze",
  "freeze-token",
  "inventory",
  "ledger",
  "messages",
  "mhtml",
  "original",
  "sealed-register",
  "shots",
  "start-token",
  "supply",
  "window",
  "witness",
  "witness-certificates",
  "witness-signatures",
  "witness-token",
]);

const ORIGINALS = /(?:^|\/)original\//;

/** Whether *name*, of a file in an item, is that of the item's archive; what was handed over may be one too. */
export function isOwnArchive(name: string): boolean {
  return name.endsWith(".wacz") && !ORIGINALS.test(name);
}

/** Return the role that *uri* names; empty when it is none of these names. */
export function roleOf(uri: string): string {
  const known = KNOWN.find(([, prefix]) => uri.startsWith(prefix));
  if (known !== undefined) return known[0];
  if (!uri.startsWith(OWN)) return "";
  const colon = uri.indexOf(":", OWN.length);
  return colon < 0 ? "" : uri.slice(OWN.length, colon);
}
