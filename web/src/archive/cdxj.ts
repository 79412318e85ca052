/**
 * CDXJ lines: where a record lies in its WARC (evidence-format.md, 3.2).
 *
 * A line is `KEY TIMESTAMP JSON` as pywb and ReplayWeb.page read it: the key is the URL in sort-friendly form (SURT),
 * the timestamp has 14 digits (UTC), offset and length count bytes of the compressed WARC.
 */

import { utf8 } from "../bytes.js";
import { stripOf } from "./spaces.js";

const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([
  ["http", 80],
  ["ws", 80],
  ["https", 443],
  ["wss", 443],
]);
/** Scheme, host, port, path and query. Libraries differ in which hosts in brackets they refuse. */
const ADDRESS =
  /^(https?|wss?):\/\/(?:[^/?#]*@)?(\[[0-9a-f:.]+\]|[^/?#@:[\]]+)(?::([0-9]{0,5}))?(\/[^?#]*)?(?:\?([^#]*))?(?:#.*)?$/i;
const LARGEST_PORT = 65_535;
/** Layers of percent-encoding that are taken off; a hostile address could have a million. */
const MOST_ESCAPES = 8;
const NAMED: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ["\\", "\\\\"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
  ["\f", "\\f"],
  ["\b", "\\b"],
]);

/** One record of a WARC that can be replayed. */
export interface IndexLine {
  /** The WARC-Target-URI exactly as written. */
  readonly url: string;
  /** 14 digits, but of the year no leading zero. */
  readonly timestamp: string;
  readonly offset: number;
  /** Bytes of the gzip member. */
  readonly length: number;
  readonly mime: string;
  readonly status: number | null;
  /** Of the payload, which is the whole block unless it is HTTP, as it stands in the record. */
  readonly digest: string;
  readonly method: string;
}

/** Return the index of *lines*, sorted, each with its line feed, with *filename* as the name of their WARC. */
export function indexLines(lines: Iterable<IndexLine>, filename: string): string[] {
  const texts = Array.from(lines, (line) => indexText(line, filename));
  // All of it is ASCII, where the order of code units is that of bytes.
  return texts.sort((one, other) => (one < other ? -1 : Number(one > other)));
}

/** Return *uri* with everything but printable ASCII percent-encoded; percent signs stay as they are. */
export function asciiUri(uri: string): string {
  if (/^[!-~]*$/.test(uri)) return uri;
  return Array.from(utf8(uri), (byte) => (byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : escaped(byte))).join("");
}

/** Return the sort-friendly form of *url*, `mn,example)/path?a=1&b=2`; other schemes stay as they are. */
export function surt(url: string): string {
  const plain = asciiUri(url);
  const [, scheme = "", host = "", port = "", path = "", query = ""] = ADDRESS.exec(plain) ?? [];
  const usual = DEFAULT_PORTS.get(scheme.toLowerCase());
  if (usual === undefined || Number(port) > LARGEST_PORT) return plain;
  const bare = stripOf(stripOf(host.toLowerCase(), "[]"), ".").replace(/^www[0-9]*\./, "");
  const other = port === "" || Number(port) === usual ? "" : `:${Number(port)}`;
  const sorted = unescaped(query).toLowerCase().split("&").sort().join("&");
  const steps = withoutSteps(unescaped(path).toLowerCase());
  return `${bare.split(".").reverse().join(",")}${other})${steps}${sorted === "" ? "" : `?${sorted}`}`;
}

/** Return the text of one line, with its line feed. */
export function indexText(line: IndexLine, filename: string): string {
  const other = line.method !== "GET";
  const address = other ? `${line.url}${line.url.includes("?") ? "&" : "?"}__wb_method=${line.method}` : line.url;
  const fields: [string, string][] = [["url", line.url]];
  if (line.mime !== "") fields.push(["mime", line.mime]);
  if (line.status !== null) fields.push(["status", String(line.status)]);
  fields.push(["digest", line.digest], ["length", String(line.length)], ["offset", String(line.offset)]);
  fields.push(["filename", filename]);
  if (other) fields.push(["method", line.method]);
  const json = fields.map(([name, value]) => `"${name}": ${asciiJson(value)}`).join(", ");
  return `${surt(address)} ${line.timestamp} {${json}}\n`;
}

/** Return *text* as a JSON string in ASCII. */
function asciiJson(text: string): string {
  const inner = text.replace(/["\\]|[^ -~]/g, (unit) => {
    return NAMED.get(unit) ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return `"${inner}"`;
}

/** Return *text*, ASCII, with only those characters percent-encoded that must be, however often they were before. */
function unescaped(text: string): string {
  let found = text;
  for (let layer = 0; layer < MOST_ESCAPES; layer++) {
    const plain = found.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
    if (plain === found) break;
    found = plain;
  }
  return found.replace(/[^!-~]|[%#]/g, (character) => escaped(character.charCodeAt(0)));
}

function escaped(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}

/** Return *path* without empty steps, `.` and `..`, and without a slash at its end. */
function withoutSteps(path: string): string {
  const steps: string[] = [];
  for (const step of path.split("/")) {
    if (step === "..") steps.pop();
    else if (step !== "" && step !== ".") steps.push(step);
  }
  return `/${steps.join("/")}`;
}
