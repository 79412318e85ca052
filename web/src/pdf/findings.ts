/** What a check of a PDF found: facts and English texts, no judgement of who the signer is (evidence-format.md, 7). */

import type { Bytes } from "../bytes.js";
import type { Certificate } from "../trust/certificates.js";
import type { Statement } from "../trust/revocation.js";

/** How much of the file a signature's digest covers, apart from the place of the signature itself. */
export type Coverage = "whole file" | "whole revision, more follows" | "only a part";

/** The level of a signature (EN 319 142-1, 6), told from what the file holds; nobody is thereby believed. */
export type Level = "plain CMS" | "PAdES B-B" | "PAdES B-T" | "PAdES B-LT" | "PAdES B-LTA" | "document timestamp";

/** An RFC 3161 token inside a signature, or one that is a signature of the document itself. */
export interface StampFindings {
  /** Ms since 1970. */
  readonly time: number;
  /** Of the time-stamping authority. */
  readonly certificate: Certificate;
  readonly embedded: readonly Certificate[];
}

/** One signature field that was signed. */
export interface SignatureFindings {
  readonly field: string;
  /** Of the signer; undefined when there is none that could be read. */
  readonly certificate: Certificate | undefined;
  /** All certificates in the signature, in the order of the file. */
  readonly embedded: readonly Certificate[];
  readonly coverage: Coverage;
  /** The offset after the last byte covered. */
  readonly coveredEnd: number;
  /** In which revision of the file it was made, from 0. */
  readonly revision: number;
  readonly level: Level;
  /** The time the signer claims, ms since 1970. */
  readonly claimedTime: number | undefined;
  readonly stamp: StampFindings | undefined;
  /** Why the signature does not hold, or is not in the one form that the kit writes. */
  readonly problems: readonly string[];
}

/** A file embedded in the PDF (ISO 32000-2, 7.11.4). */
export interface Attachment {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: Bytes;
}

/** Certificates and statements on revocations, none of them believed for being there. */
export interface ValidationData {
  readonly certificates: readonly Certificate[];
  readonly statements: readonly Statement[];
}

/** One PDF file. */
export interface PdfFindings {
  readonly bytes: number;
  /** In the order in which they were made. */
  readonly signatures: readonly SignatureFindings[];
  /** Bytes after the end of the last revision: nobody signed them, and no reader shows them. */
  readonly trailingBytes: number;
  readonly attachments: readonly Attachment[];
  /** The document security store of the newest revision. */
  readonly store: ValidationData;
  /** Why the file, a signature field or an attachment could not be read. */
  readonly problems: readonly string[];
}

/** Whether a signature is intact and valid, its own time stamp too, and nothing forbidden followed it. */
export function holds(found: SignatureFindings): boolean {
  return found.problems.length === 0 && found.coverage !== "only a part";
}

/** Whether every byte is as signed: all signatures hold, and one covers the whole file. */
export function isWholeAndValid(found: PdfFindings): boolean {
  const { signatures } = found;
  const closed = signatures.some((signature) => signature.coverage === "whole file");
  return found.problems.length === 0 && found.trailingBytes === 0 && closed && signatures.every(holds);
}
