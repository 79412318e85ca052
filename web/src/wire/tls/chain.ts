/** The certificates of a Certificate message, plain (RFC 8446, 4.4.2; RFC 5246, 7.4.2) or compressed (RFC 8879). */

import type { Bytes } from "../../bytes.js";
import { FormatError } from "../../errors.js";
import { unbrotli } from "./brotli.js";
import { Fields } from "./fields.js";
import { inflateZlib } from "./inflate.js";
import { bodyOf, type ClientHello, Extension, LONGEST, type Message, offers, Type } from "./messages.js";

const ZLIB = 1;
const BROTLI = 2;

/** Return the DER certificates, the server's first; raises `FormatError`, also when there is none. */
export function chain13(message: Message, hello: ClientHello): Bytes[] {
  const body = message.type === Type.CERTIFICATE ? bodyOf(message) : expanded(message, hello);
  const fields = new Fields(body, "the Certificate message");
  if (fields.vector(1).length > 0) throw new FormatError("the server's Certificate message answers a request");
  return certificates(fields, true);
}

/** Return the DER certificates, the server's first; raises `FormatError`, also when there is none. */
export function chain12(message: Message): Bytes[] {
  return certificates(new Fields(bodyOf(message), "the Certificate message"), false);
}

function certificates(fields: Fields, extended: boolean): Bytes[] {
  const list = new Fields(fields.vector(3), "the certificate list");
  fields.end();
  const chain: Bytes[] = [];
  while (list.more) {
    chain.push(list.vector(3));
    if (extended) list.vector(2);
  }
  if (chain.length === 0) throw new FormatError("the server sent no certificate");
  return chain;
}

function expanded(message: Message, hello: ClientHello): Bytes {
  const fields = new Fields(bodyOf(message), "the compressed Certificate message");
  const algorithm = fields.number(2);
  const size = fields.number(3);
  const data = fields.vector(3);
  fields.end();
  if (!offers(hello, Extension.COMPRESSION, algorithm, 1)) {
    throw new FormatError(`the certificates are compressed by the algorithm ${algorithm}, which was not offered`);
  }
  if (size === 0 || size > LONGEST) throw new FormatError(`the certificates are said to have ${size} bytes`);
  if (algorithm === ZLIB) return inflateZlib(data, size);
  if (algorithm === BROTLI) return unbrotli(data, size);
  throw new FormatError(`the certificates are compressed by the unknown algorithm ${algorithm}`);
}
