/** The document security store (DSS) of a PDF: certificates, CRLs and OCSP responses (ETSI EN 319 142-1, 5.4.2). */

import type { Bytes } from "../bytes.js";
import { FormatError } from "../errors.js";
import { Certificate } from "../trust/certificates.js";
import { readStatement } from "../trust/revocation.js";
import type { ValidationData } from "./findings.js";
import { isArray, isKind, type PdfObject } from "./objects.js";
import type { Pdf } from "./reader.js";

const LARGEST = 16 * 1024 * 1024;
const MOST = 10_000;

/** Return what the store of a revision holds, nothing without one; raises `FormatError` for a broken one. */
export async function readStore(pdf: Pdf, revision = pdf.newest): Promise<ValidationData> {
  const store = await pdf.get(await pdf.root(revision), "DSS", revision);
  if (store === null) return { certificates: [], statements: [] };
  if (!isKind(store, "dict")) throw new FormatError("the document security store is no dictionary");
  const [certificates, crls, ocsps] = [
    await streams(pdf, store, "Certs", revision),
    await streams(pdf, store, "CRLs", revision),
    await streams(pdf, store, "OCSPs", revision),
  ];
  return {
    certificates: certificates.map((der) => new Certificate(der)),
    statements: [
      ...crls.map((data) => readStatement("crl", data)),
      ...ocsps.map((data) => readStatement("ocsp", data)),
    ],
  };
}

async function streams(pdf: Pdf, store: PdfObject, key: string, revision: number): Promise<Bytes[]> {
  const listed = await pdf.get(store, key, revision);
  if (listed !== null && !isArray(listed)) throw new FormatError(`${key} in the document security store is no list`);
  if (listed !== null && listed.length > MOST)
    throw new FormatError(`${key} in the document security store is too long`);
  const found = [];
  for (const each of listed ?? []) {
    const stream = await pdf.resolve(each, revision);
    if (!isKind(stream, "stream")) {
      throw new FormatError(`an entry of ${key} in the document security store is no stream`);
    }
    found.push(await pdf.data(stream, LARGEST, revision));
  }
  return found;
}
