/** What an index says of an HTTP message: the method of a request, status and media type of a response. */

import { latin1 } from "../bytes.js";
import { asciiUri } from "./cdxj.js";
import { SPACES } from "./spaces.js";

const STATUS = /^HTTP\/[0-9.]+ +([0-9]{3})(?= |\r?\n)/;
const CONTENT_TYPE = /\ncontent-type:[ \t]*([^; \t-\r]+)/i;
const METHOD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) /;
const END_OF_TYPE = new RegExp(`[;${SPACES}]`);

/** Return the method that *requestHead* begins with, GET where it begins with none. */
export function methodOf(requestHead: Uint8Array): string {
  return METHOD.exec(latin1(requestHead.subarray(0, 33)))?.[1] ?? "GET";
}

/** Return status and media type of a record: of its HTTP *head* if it has one, else of its own *contentType*. */
export function statusAndMime(head: Uint8Array, contentType: string): [status: number | null, mime: string] {
  if (head.length === 0) return [null, contentType.split(END_OF_TYPE, 1)[0] as string];
  const text = latin1(head);
  const status = STATUS.exec(text)?.[1];
  const mime = CONTENT_TYPE.exec(text)?.[1];
  return [status === undefined ? null : Number(status), mime === undefined ? "" : asciiUri(mime)];
}
