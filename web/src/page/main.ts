/** verify.html: the verifier behind a page. */

import { FormatError } from "../errors.js";
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

start(verifyFiles, kitOrNone());
