/**
 * Events left out of a bundle's copy of the log, and the file that has them for whoever may see them
 * (evidence-format.md, 4.4 and 4.4.1).
 */

import { type Bytes, concat, equal, utf8 } from "../bytes.js";
import { shorten } from "../display.js";
import { dumps, isObject, type JsonObject, loads, whole } from "../canonical.js";
import { digestText, Sha256, sha256 } from "../digest.js";
import { FormatError } from "../errors.js";
import type { Json } from "../models.js";
import { utcText } from "../times.js";
import { type Event, HALVES, hasKeys, isWithheld, readLine, type WithheldEvent } from "./events.js";
import { decodeSignature, type Lines } from "./log.js";

const SCHEMA = "evidence-kit/withheld/1";
const LINE_FEED = 0x0a;
/** How every withheld line begins, whose keys stand in their order. */
const BEGINNING = utf8('{"day":');

/** One withheld event as the file of them has it: its line and its line of `custody.sig`, with their line feeds. */
export interface Opened {
  readonly event: Event;
  readonly line: Bytes;
  readonly signatureLine: Bytes;
}

/** The withheld events of a log by the number of their line, and the SHA-256 of all these lines in order. */
export interface Withheld {
  readonly events: ReadonlyMap<number, WithheldEvent>;
  readonly digest: Bytes;
}

/** Return the withheld events of *log*; what cannot be read is left to the checks. */
export async function withheldLines(log: Lines): Promise<Withheld> {
  const events = new Map<number, WithheldEvent>();
  const hasher = await Sha256.begin();
  let number = 0;
  for await (const line of log) {
    number += 1;
    if (!equal(line.subarray(0, BEGINNING.length), BEGINNING)) continue;
    const event = readable(line);
    if (event === null || !isWithheld(event)) continue;
    events.set(number, event);
    hasher.update(line);
  }
  return { events, digest: hasher.end() };
}

function readable(line: Bytes): Event | WithheldEvent | null {
  try {
    return readLine(line);
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}

/** Read a file of withheld events; raises `FormatError` naming the line. */
export function readWithheld(data: Bytes): Opened[] {
  const lines = splitLines(data);
  const announced = lines[0] === undefined ? undefined : readHead(readJson(lines[0], 1));
  if (announced === undefined) throw new FormatError(`its first line does not say ${SCHEMA}`);
  if (lines.length !== announced + 1) {
    throw new FormatError(`its first line announces ${announced} events, and ${lines.length - 1} follow`);
  }
  return lines.slice(1).map((line, place) => open(readJson(line, place + 2), place + 2));
}

/** Return the lines of *data* without their line feeds, which alone part them; a last one may lack it. */
function splitLines(data: Bytes): Bytes[] {
  const lines: Bytes[] = [];
  for (let begin = 0; begin < data.length; ) {
    const feed = data.indexOf(LINE_FEED, begin);
    const end = feed < 0 ? data.length : feed;
    lines.push(data.subarray(begin, end));
    begin = end + 1;
  }
  return lines;
}

function readJson(line: Bytes, number: number): Json {
  return within(number, () => loads(line));
}

function readHead(value: Json): number | undefined {
  if (!isObject(value) || !hasKeys(value, ["schema", "case", "events"])) return undefined;
  return value["schema"] === SCHEMA && typeof value["case"] === "string" ? whole(value["events"]) : undefined;
}

function open(value: Json, number: number): Opened {
  const told: JsonObject = isObject(value) && hasKeys(value, ["event", "signature"]) ? value : {};
  const { event: stored, signature } = told;
  if (!isObject(stored) || typeof signature !== "string") {
    throw new FormatError(`line ${number} is not one event and its signature`);
  }
  const line = concat(dumps(stored), new Uint8Array([LINE_FEED]));
  const signatureLine = utf8(`${signature}\n`);
  return within(number, () => {
    decodeSignature(signatureLine);
    const event = readLine(line);
    if (isWithheld(event)) throw new FormatError(`event ${event.seq} is withheld already`);
    return { event, line, signatureLine };
  });
}

/** Return what *reading* gives; a `FormatError` says in which line of the file. */
function within<T>(number: number, reading: () => T): T {
  try {
    return reading();
  } catch (error) {
    if (error instanceof FormatError) throw new FormatError(`line ${number}: ${error.message}`);
    throw error;
  }
}

/** Return log and signatures *stored* with the lines of the *opened* events in their places. */
export function openWithheld(stored: readonly [Lines, Lines], opened: readonly Opened[]): readonly [Lines, Lines] {
  const [log, signatures] = stored;
  return [
    log.with(new Map(opened.map((found) => [found.event.seq, found.line]))),
    signatures.with(new Map(opened.map((found) => [found.event.seq, found.signatureLine]))),
  ];
}

/** Yield how the *opened* event is another than the one *withheld*. */
export function* contradictions(withheld: WithheldEvent, opened: Opened): Generator<string> {
  const [line, signature] = [sha256(opened.line), sha256(decodeSignature(opened.signatureLine))];
  if (!equal(line, withheld.line)) {
    yield `the event has the digest ${digestText(line)}, the withheld one ${digestText(withheld.line)}`;
  }
  if (!equal(signature, withheld.signature)) {
    yield `its signature has the digest ${digestText(signature)}, the withheld one ${digestText(withheld.signature)}`;
  }
  if (opened.event.type !== withheld.type) {
    yield `the bundle calls it ${shorten(withheld.type)}, it is ${shorten(opened.event.type)}`;
  }
  const day = dayOf(opened.event);
  if (day !== withheld.day) yield `the bundle gives its day as ${withheld.day}, it is ${day}`;
}

/** Return how many of the captures begun among events of these *types* were not ended. */
export function countAbandoned(types: readonly string[]): number {
  const count = (type: string) => types.filter((found) => found === type).length;
  return [...HALVES].reduce((sum, [begun, ended]) => sum + count(begun) - count(ended), 0);
}

/** Return the day of *event* in UTC, `YYYY-MM-DD`. */
export function dayOf(event: Event): string {
  return utcText(event.time).slice(0, 10);
}
