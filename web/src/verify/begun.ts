/**
 * What an item's start says of its address and its sealing, held against what became of it.
 *
 * A start that says so binds to whom it is sealed, and of a page to its address, before anything is read.
 */

import { same } from "../canonical.js";
import { parseItem, wasSealed } from "../case/items.js";
import { isSealed, readRegister, REGISTER } from "../case/sealed.js";
import { type Event, EventType } from "../custody/events.js";
import { parseDigest } from "../digest.js";
import { attempt, FormatError } from "../errors.js";
import type { Json, Problem } from "../models.js";
import type { CaseFiles } from "./files.js";

const ADDRESS = "address_commitment";
/** Addresses of starts that name none: of what is sealed, and of a window in which somebody finds the way. */
const UNSAID: readonly Json[] = [null, "", "about:blank"];

/** Return in what *item* is another than its *start* says; *later* it was sealed by an event of its own. */
export async function begunOtherwise(files: CaseFiles, item: string, start: Event, later: boolean): Promise<Problem[]> {
  const name = `items/${item}/item.json`;
  const [shown, event] = [files.shown(name), `event ${start.seq}`];
  const record = await attempt(async () => parseItem(await files.read(name)));
  if (record instanceof FormatError) return []; // told by the check of the record itself
  const problems: Problem[] = [];
  const [commitment, sealed] = [start.detail[ADDRESS] ?? null, wasSealed(start)];
  const asked = start.detail["url"] ?? null;
  const unsaid = start.type !== EventType.CAPTURE_STARTED || UNSAID.includes(asked);
  if (!unsaid && !same(record["url"] ?? null, asked)) {
    problems.push([shown, `its url is not the one that ${event} recorded`]);
  }
  if (!same(record[ADDRESS] ?? null, commitment)) {
    problems.push([shown, `its ${ADDRESS} is not the one that ${event} recorded`]);
  }
  if (sealed !== (isSealed(record) && !later)) {
    problems.push([shown, `whether it was sealed as it came is not what ${event} recorded`]);
  }
  if (!sealed) return problems;
  if (start.type === EventType.CAPTURE_STARTED && !(await isCommitment(commitment))) {
    problems.push([event, "it begins a sealed capture and does not commit to its address"]);
  }
  const told = start.detail["recipients"] ?? null;
  const register = await attempt(async () => readRegister(await files.read(`items/${item}/${REGISTER}`)));
  if (register instanceof FormatError || told === null) return problems; // told by the check of what is sealed
  const named = Array.isArray(told) ? (told as readonly Json[]).filter((each) => typeof each === "string") : [];
  if (!same([...register.recipients], named)) {
    problems.push([files.shown(`items/${item}/${REGISTER}`), `it is sealed to others than ${event} recorded`]);
  }
  return problems;
}

async function isCommitment(value: Json): Promise<boolean> {
  return !((await attempt(() => parseDigest(value))) instanceof FormatError);
}
