/** verify.html: the verifier behind a page. */

import { WORKS } from "../archive/ahead.js";
import { FormatError } from "../errors.js";
import { help, Helpers } from "../processes.js";
import { verifyFiles } from "../verify/verify.js";
import { start } from "./app.js";
import { courtKit, type Kit } from "./roots.js";

/** Return the court's choice; a copy in which it was damaged is worth no more than one that came with the evidence. */
function kitOrNone(): Kit | null {
  try {
    return courtKit();
  } catch (error) {
    if (error instanceof FormatError || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Verify with helpers, which run this very script and end with the check. */
const verify: typeof verifyFiles = async (files, options, empty) => {
  const source = document.querySelector('script[type="module"]')?.textContent ?? "";
  const helpers = new Helpers<typeof WORKS>(source);
  try {
    return await verifyFiles(files, { ...options, helpers }, empty);
  } finally {
    helpers.end();
  }
};

if (typeof document === "undefined") help(WORKS);
else start(verify, kitOrNone());
