/** The first pictures of an item: the statement about them, and the time stamp over it (evidence-format.md, 3.3). */

import type { Bytes } from "../bytes.js";
import { isObject, parse } from "../canonical.js";
import { digestText } from "../digest.js";
import { attempt, FormatError } from "../errors.js";
import type { Examination } from "../examination.js";
import type { Problem } from "../models.js";
import { utcText } from "../times.js";
import type { Certificate } from "../trust/certificates.js";
import { readReply } from "../trust/timestamps.js";
import type { ItemContents } from "./contents.js";
import type { CaseFiles } from "./files.js";
import { stampTrusted } from "./history.js";

const STATEMENT = "first/freeze.json";
const TOKEN = `${STATEMENT}.tsr`;
const SCHEMA = "evidence-kit/freeze/1";

/** Check that the statement names the item's first pictures, and was stamped if there is a token. */
export async function checkFreeze(
  exam: Examination,
  contents: ItemContents,
  listed: ReadonlyMap<string, Bytes>,
  certificates: readonly Certificate[] | undefined,
): Promise<void> {
  const { files, folder, locked } = contents;
  const subject = files.shown(folder + STATEMENT);
  const why = locked.get(STATEMENT);
  if (why !== undefined) exam.notChecked("item.freeze", subject, why);
  else if (listed.has(STATEMENT)) {
    const problems = (await faults(files, folder, listed)).map((why): Problem => [subject, why]);
    exam.concluded("item.freeze", subject, problems);
  }
  if (listed.has(TOKEN)) await checkToken(exam, contents, certificates);
}

async function faults(files: CaseFiles, folder: string, listed: ReadonlyMap<string, Bytes>): Promise<string[]> {
  const said = await attempt(async () => parse(await files.read(folder + STATEMENT)));
  if (said instanceof FormatError) return [said.message];
  const named = isObject(said) && said["schema"] === SCHEMA ? said["files"] : undefined;
  if (!isObject(named) || Object.keys(named).length === 0) return [`it does not say ${SCHEMA}`];
  return Object.entries(named).flatMap(([path, digest]) => {
    const found = listed.get(path);
    const wanted = found === undefined ? "None" : digestText(found);
    return found !== undefined && wanted === digest
      ? []
      : [`it names ${path} with the digest ${JSON.stringify(digest)}, the manifest has ${wanted}`];
  });
}

async function checkToken(
  exam: Examination,
  { files, folder, age }: ItemContents,
  certificates: readonly Certificate[] | undefined,
): Promise<void> {
  const subject = files.shown(folder + TOKEN);
  if (certificates === undefined) {
    exam.notChecked("item.freeze-token", subject, "the certificates of its case are not here");
    return;
  }
  const token = await attempt(async () => {
    // Of a statement that is encrypted, item.json has the digest.
    const digest = age.get(STATEMENT)?.sha256 ?? (await files.digest(folder + STATEMENT));
    return readReply(await files.read(folder + TOKEN), digest, certificates);
  });
  if (token instanceof FormatError) {
    exam.failed("item.freeze-token", subject, token.message);
    return;
  }
  await stampTrusted(exam, token.certificate, certificates, token.time);
  exam.passed("item.freeze-token", subject, utcText(token.time));
}
