/** Where things lie in a case and in a bundle of format 1 (evidence-format.md, 5 and 7). */

export const EVIDENCE_LIST = "data/evidence-sha256.txt";
export const TAG_MANIFEST = "tagmanifest-sha256.txt";
export const TAG_SIGNATURE = `${TAG_MANIFEST}.p7s`;
export const TAG_TIME_STAMP = `${TAG_MANIFEST}.tsr`;
/** The page for checking, which comes with the evidence. */
export const CHECKING_PAGE = "verify.html";
/** The name of the lists of files, in bags and items. */
export const MANIFEST = "manifest-sha256.txt";

/** Everything beside `data/` in a bundle. */
export const BAG_FILES: ReadonlySet<string> = new Set([
  "README.txt",
  "bag-info.txt",
  "bagit.txt",
  MANIFEST,
  TAG_MANIFEST,
  TAG_SIGNATURE,
  TAG_TIME_STAMP,
  CHECKING_PAGE,
]);

/** Below `data/` of a bundle that was made by a plan: the plan, as it was understood. */
export const PLAN = "exhibits.toml";
/** The archive of an item that was captured, and of one that was supplied. */
export const [CAPTURE_ARCHIVE, SUPPLIED_ARCHIVE] = ["capture.wacz", "supplied.wacz"] as const;
/** The time stamp in an item that was taken before it was begun. */
export const START_TOKEN = "start.tsr";
/** Below `seals/ID/` of an item that was sealed later: the signature over the manifest that it has since. */
export const LATER_SEAL = "sealed.p7s";
/** The file of an item that a bundle may lack: the recording itself, encrypted. */
export const SESSION_DATA = "session-data.tar.age";

export const CERTIFICATE = /^trust\/cert-([0-9a-f]{64})\.pem$/;
export const STATEMENT = /^trust\/(crl|ocsp)-([0-9a-f]{64})\.der$/;
export const HEAD_TOKEN = /^seals\/heads\/([0-9]{6,15})(?:-[2-9])?\.tsr$/;
/** Written into bundles for the stock commands, and to say what the seals hold. */
export const CHAIN_FILES: ReadonlySet<string> = new Set([
  "trust/signer.pem",
  "trust/chain.pem",
  "trust/tsa.pem",
  "trust/tsa-chain.pem",
]);
/** An earlier form of a bundle keeps here, under its number, what the new form has of its own. */
export const PREVIOUS = /^previous\/([0-9]{2})\/([^\n]+)$/;

const IN_ITEM = /^items\/EV-[0-9]{4,}\/./;
const REPORT = /^data\/report(?:-[0-9]{2,})?\.pdf$/;

/** Whether a file *name* that a case may have any number of is one: a certificate, a token, part of an item. */
export function accountedFor(name: string): boolean {
  return [CERTIFICATE, STATEMENT, HEAD_TOKEN, IN_ITEM].some((pattern) => pattern.test(name));
}

/** Whether *name* is a file that an earlier form of a bundle may have kept of its own. */
export function isPrevious(name: string): boolean {
  const own = PREVIOUS.exec(name.startsWith("data/") ? name.slice(5) : name)?.[2];
  return own !== undefined && (BAG_FILES.has(own) || CHAIN_FILES.has(own));
}

/** Whether *name* is a report of a bundle. */
export function isReport(name: string): boolean {
  return REPORT.test(name);
}

/** Whether the file *name* of a bundle is listed in `data/evidence-sha256.txt`. */
export function belongsToRoot(name: string): boolean {
  if (!name.startsWith("data/") || name === EVIDENCE_LIST) return false;
  return !name.startsWith("data/trust/") && !name.startsWith("data/previous/") && !isReport(name);
}
