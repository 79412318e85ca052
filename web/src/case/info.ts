/** `case.json`: what a case is called (evidence-format.md, 5.1). */

import { isObject, type JsonObject, parse } from "../canonical.js";
import { FormatError } from "../errors.js";
import { parseUtc } from "../times.js";

const SCHEMA = "evidence-kit/case/1";
const TEXTS = ["number", "title", "office", "legal_basis", "language"] as const;

/** The texts of `case.json`. */
export type CaseInfo = { readonly [key in (typeof TEXTS)[number]]: string };

/** Read `case.json`; raises `FormatError`. */
export function readInfo(data: Uint8Array): CaseInfo {
  const value = parse(data);
  if (!isObject(value) || value["schema"] !== SCHEMA) throw new FormatError(`case.json does not say ${SCHEMA}`);
  if (Object.keys(value).length !== TEXTS.length + 2) throw new FormatError("case.json has other fields than it must");
  parseUtc(value["created"]);
  const text = (key: string): string => textOf(value, key);
  return {
    number: text("number"),
    title: text("title"),
    office: text("office"),
    legal_basis: text("legal_basis"),
    language: text("language"),
  };
}

function textOf(value: JsonObject, key: string): string {
  const found = value[key];
  if (typeof found !== "string") throw new FormatError(`case.json has no text at ${key}`);
  return found;
}
