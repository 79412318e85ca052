/**
 * The bracket of an item: that its archive names the stamp taken before its capture, and between which times it is
 * (evidence-format.md, 5.6).
 */

import { readWarcinfo } from "../archive/warcinfo.js";
import { type Bytes, hex, unhex } from "../bytes.js";
import { isObject, type JsonObject } from "../canonical.js";
import { AGE } from "../case/encrypted.js";
import { parseItem, wasSealed } from "../case/items.js";
import { EventType, HALVES } from "../custody/events.js";
import { CAPTURE_ARCHIVE, START_TOKEN, SUPPLIED_ARCHIVE } from "../case/layout.js";
import { digestText } from "../digest.js";
import { attempt, FormatError } from "../errors.js";
import type { Examination } from "../examination.js";
import type { Json, Problem } from "../models.js";
import { utcText } from "../times.js";
import type { Certificate } from "../trust/certificates.js";
import { readReply, type Token } from "../trust/timestamps.js";
import { itemContents } from "./contents.js";
import type { CaseFiles } from "./files.js";
import type { History } from "./history.js";

const HEX = /^[0-9a-f]{64}$/;

/** What opens a bracket, as the start event and `item.json` name it. */
interface Opening {
  /** 32 random bytes: the imprint of the stamp. */
  readonly nonce: Bytes;
  /** Digest text of the reply as kept. */
  readonly token: string;
}

/** Check the bracket of *item*, if its start event tells of one or a stamp lies in it. */
export async function checkBracket(
  exam: Examination,
  files: CaseFiles,
  history: History,
  item: string,
  certificates: readonly Certificate[],
): Promise<void> {
  const folder = `items/${item}/`;
  const name = folder + START_TOKEN;
  const subject = files.shown(name);
  const start = history.told.halves.find((event) => event.item === item && HALVES.has(event.type));
  const wacz = folder + (start?.type === EventType.IMPORT_STARTED ? SUPPLIED_ARCHIVE : CAPTURE_ARCHIVE);
  const told = start?.detail["not_before"] ?? null;
  // No authority was asked, or the capture failed and left no archive.
  const archived = files.has(wacz) || files.has(`${wacz}${AGE}`);
  if (!files.has(name) && (told === null || !archived)) return;
  const found = await attempt(async (): Promise<[Opening, Token]> => {
    const opening = openingOf(told);
    if (opening === undefined) throw new FormatError("the event that began the item names no such time stamp");
    return [opening, await readReply(await files.read(name), opening.nonce, certificates)];
  });
  if (found instanceof FormatError) {
    exam.failed("item.bracket", subject, found.message);
    return;
  }
  const [opening, token] = found;
  const read = await attempt(async () => parseItem(await files.read(`${folder}item.json`)));
  const record = read instanceof FormatError ? {} : read;
  const locked = itemContents(files, folder, record).locked.get(wacz.slice(folder.length));
  // The archive of an item that was sealed, as it was captured or later, is encrypted too.
  const encased = start !== undefined && wasSealed(start) && !archived;
  const readable = locked === undefined && !encased && !history.told.sealings.has(item);
  const problems = await contradictions(files, folder, record, readable ? wacz : undefined, opening);
  if (locked !== undefined) exam.notChecked("item.bracket", files.shown(wacz), locked);
  if (problems.length > 0) {
    exam.concluded("item.bracket", subject, problems.map((why): Problem => [subject, why]));
    return;
  }
  const { trust } = await exam.believe(token.certificate, certificates, token.time);
  conclude(exam, subject, item, token.time, history, trust !== "claimed");
}

/** Read what opens a bracket; undefined for null. Raises `FormatError`. */
function openingOf(value: Json | undefined): Opening | undefined {
  if (value === null || value === undefined) return undefined;
  const { nonce, token } = isObject(value) && Object.keys(value).length === 2 ? value : {};
  if (typeof nonce === "string" && HEX.test(nonce) && typeof token === "string" && /^sha256:[0-9a-f]{64}$/.test(token)) {
    return { nonce: unhex(nonce), token };
  }
  throw new FormatError("it does not say what opens the bracket");
}

async function contradictions(
  files: CaseFiles,
  folder: string,
  record: JsonObject,
  wacz: string | undefined,
  opening: Opening,
): Promise<string[]> {
  const problems: string[] = [];
  if (digestText(await files.digest(folder + START_TOKEN)) !== opening.token) {
    problems.push("it is another time stamp than the event that began the item names");
  }
  const named = record["not_before"];
  const same = isObject(named) && Object.keys(named).length === 2;
  if (!same || named["nonce"] !== hex(opening.nonce) || named["token"] !== opening.token) {
    problems.push("item.json does not name it");
  }
  if (wacz === undefined) return problems;
  const fields = await attempt(async () => readWarcinfo(files.blob(wacz)));
  if (fields instanceof FormatError) return [...problems, fields.message];
  if (fields.get("not-before-nonce") !== hex(opening.nonce) || fields.get("not-before-token") !== opening.token) {
    problems.push("the web archive's first record does not name it");
  }
  return problems;
}

function conclude(
  exam: Examination,
  subject: string,
  item: string,
  opened: number,
  history: History,
  believed: boolean,
): void {
  const [closed, closedByTrusted] = closing(history, item);
  if (closed === undefined) {
    exam.passed("item.bracket", subject, `opened at ${utcText(opened)}; no time stamp covers the item yet`);
    return;
  }
  if (closed < opened) {
    const times = `${utcText(opened)} and ${utcText(closed)}`;
    exam.notChecked("item.bracket", subject, `the clocks of the authorities do not agree: ${times}`);
    return;
  }
  const trusted = closedByTrusted && believed;
  const doubt = trusted ? "" : " (by an authority that is not established)";
  exam.passed("item.bracket", subject, `archive assembled between ${utcText(opened)} and ${utcText(closed)}${doubt}`);
  const known = exam.facts["assembled"];
  const between = { from: utcText(opened), to: utcText(closed), trusted };
  exam.facts["assembled"] = { ...(isObject(known) ? known : {}), [item]: between };
}

/** Return the earliest time that covers the commit of *item*, of trusted stamps if there is one, and whether. */
function closing(history: History, item: string): [time: number | undefined, trusted: boolean] {
  const event = history.committed.get(item);
  if (event === undefined) return [undefined, false];
  const believed = history.trustedTime(event.seq);
  const covering = history.tokens.filter((token) => token.seq >= event.seq).map((token) => token.time);
  const earliest = covering.length === 0 ? undefined : covering.reduce((one, other) => Math.min(one, other));
  return [believed ?? earliest, believed !== undefined];
}
