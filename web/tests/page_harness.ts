/** The page as it is, with a verifier that gives back the report it is shown: so tests can see it with any report. */

import type { Report } from "../src/models.js";
import { start, type Verify } from "../src/page/app.js";
import { courtKit } from "../src/page/roots.js";

const giveBack: Verify = async (files, { onProgress }) => {
  const [, report] = files.find(([path]) => path.endsWith(".json")) ?? [];
  const text = (await report?.text()) ?? "";
  onProgress("item EV-0001", text.length / 2, text.length);
  return JSON.parse(text) as Report;
};

start(giveBack, courtKit());
