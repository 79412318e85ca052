/** The first record of our own web archives: what the archive says of itself (WARC 1.1, 6.1). */

import { latin1 } from "../bytes.js";
import { FormatError } from "../errors.js";
import { readBlob } from "../tree.js";
import { Inflater } from "./inflate.js";
import { readZip } from "./zip.js";

const ARCHIVE = "archive/data.warc.gz";
const LARGEST = 64 * 1024;

/**
 * Return the fields of the `warcinfo` record of the WACZ in *file*; raises `FormatError`.
 *
 * Only its first gzip member is read, as far as 64 KiB. Whether the archive is whole is for the checks of it.
 */
export async function readWarcinfo(file: Blob): Promise<ReadonlyMap<string, string>> {
  const entry = (await readZip(file)).entries.get(ARCHIVE);
  if (entry === undefined) throw new FormatError(`there is no entry ${ARCHIVE} in the zip`);
  const inflater = await Inflater.create();
  inflater.begin();
  const record = inflater.inflate(await readBlob(entry.slice(0, LARGEST), ARCHIVE)).output;
  const whole = latin1(record);
  const gap = whole.indexOf("\r\n\r\n");
  if (gap < 0 || !whole.slice(0, gap).includes("WARC-Type: warcinfo")) {
    throw new FormatError("the web archive does not begin with a warcinfo record");
  }
  const body = new TextDecoder("utf-8", { ignoreBOM: true }).decode(record.subarray(gap + 4));
  const lines = body.split("\r\n").filter((line) => line.includes(": "));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(": ")), line.slice(line.indexOf(": ") + 2)]));
}
