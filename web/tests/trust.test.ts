/**
 * Certificates, signatures, time stamps and statements on revocations, judged as the Python verifier judges them.
 *
 * The questions are made, and answered, by tests/web/test_trust.py; alone this file has none.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { webcrypto } from "node:crypto";

import { type Bytes, hex, unbase64 } from "../src/bytes.js";
import { sha256 } from "../src/digest.js";
import { attempt, FormatError } from "../src/errors.js";
import { Examination } from "../src/examination.js";
import { Tree } from "../src/tree.js";
import { Certificate, chainOf, issued, leadsToRoot, loadCertificates } from "../src/trust/certificates.js";
import { verifyDetached } from "../src/trust/cms.js";
import { judge } from "../src/trust/judging.js";
import { readStatement, standings } from "../src/trust/revocation.js";
import { readReply } from "../src/trust/timestamps.js";
import { checkCertificates } from "../src/verify/certificates.js";
import { CaseFiles } from "../src/verify/files.js";
import { stampTrusted } from "../src/verify/head_tokens.js";

globalThis.crypto ??= webcrypto as Crypto;

/** One question; every file in base64. */
interface Question {
  readonly name: string;
  readonly ask: string;
  readonly data: string;
  readonly digest?: string;
  readonly certificates?: readonly string[];
  readonly roots?: readonly string[];
  readonly practice?: readonly string[];
  /** Kind and file of each. */
  readonly statements?: readonly (readonly [string, string])[];
  readonly at?: number;
  /** Name in `trust/` and content of each. */
  readonly files?: readonly (readonly [string, string])[];
  /** Certificate, trusted time, and whether it stamps. */
  readonly uses?: readonly (readonly [string, number | null, boolean])[];
  /** What Python answers; null when it refuses. */
  readonly answer: unknown;
}

const file = process.env.EVIDENCE_KIT_QUESTIONS;
const questions: readonly Question[] = file ? JSON.parse(readFileSync(file, "utf8")) : [];

test("every question is answered as Python answers it", async () => {
  const wrong: string[] = [];
  for (const question of questions) {
    const found = await attempt(() => answer(question));
    const said = found instanceof FormatError ? null : found;
    if (JSON.stringify(said) !== JSON.stringify(question.answer)) {
      const why = found instanceof FormatError ? ` (${found.message})` : "";
      wrong.push(`${question.name}: ${JSON.stringify(said)}${why}, Python: ${JSON.stringify(question.answer)}`);
    }
  }
  assert.deepEqual(wrong.slice(0, 40), []);
});

test("a file in PEM may have anything around its certificates, and one in DER nothing", () => {
  assert.throws(() => loadCertificates(new Uint8Array(0)), FormatError);
  assert.throws(() => loadCertificates(new Uint8Array([0x30, 0x84, 0xff, 0xff, 0xff, 0xff])), FormatError);
});

function all(files: readonly string[] | undefined): Certificate[] {
  return (files ?? []).map((data) => new Certificate(unbase64(data)));
}

async function answer(question: Question): Promise<unknown> {
  const data = unbase64(question.data);
  const digest: Bytes = question.digest ? unbase64(question.digest) : new Uint8Array(32);
  const known = all(question.certificates);
  switch (question.ask) {
    case "certificate":
      return facts(new Certificate(data));
    case "pem":
      return loadCertificates(data).map(({ fingerprint }) => fingerprint);
    case "detached": {
      const found = await verifyDetached(data, digest, known);
      return [found.certificate.fingerprint, found.signingTime, found.embedded.map(({ fingerprint }) => fingerprint)];
    }
    case "reply": {
      const found = await readReply(data, digest, known);
      const inside = found.embedded.map(({ fingerprint }) => fingerprint);
      const told = [found.policy, String(found.serial), String(found.nonce)];
      return [found.certificate.fingerprint, found.time, inside, ...told];
    }
    case "path":
      return (await leadsToRoot(new Certificate(data), known, all(question.roots), question.at ?? 0)) === null;
    case "chain":
      return (await chainOf(new Certificate(data), known)).map(({ fingerprint }) => fingerprint);
    case "issued":
      return issued(new Certificate(data), known[0] as Certificate);
    case "crl":
    case "ocsp":
      return readStatement(question.ask, data).name;
    case "standing": {
      const statements = (question.statements ?? []).map(([kind, file]) => readStatement(kind, unbase64(file)));
      const found = await standings(new Certificate(data), known, statements, question.at ?? 0);
      return found.map(([one, { standing, detail }]) => [one.fingerprint, standing, detail]);
    }
    case "judge": {
      const roots = { established: all(question.roots), practice: all(question.practice) };
      return (await judge(new Certificate(data), known, roots, question.at ?? 0)).trust;
    }
    case "examine":
      return examine(question);
    default:
      throw new Error(question.ask);
  }
}

async function examine(question: Question): Promise<unknown> {
  const roots = { established: all(question.roots), practice: all(question.practice) };
  const exam = new Examination(roots, question.at ?? 0);
  const files = (question.files ?? []).map(([name, data]) => [`trust/${name}`, new Blob([unbase64(data)])] as const);
  const known = await checkCertificates(exam, new CaseFiles(new Tree(files), ""), { bundle: true });
  for (const [data, at, stamps] of question.uses ?? []) {
    const certificate = new Certificate(unbase64(data));
    if (stamps && at !== null) await stampTrusted(exam, certificate, known, at);
    else await exam.signedBy(certificate, known, at ?? undefined);
  }
  const { verdict, signers, checks } = await exam.report("bundle", "", null);
  const who = signers.map((signer) => [signer.name, signer.certificate_sha256, signer.trust]);
  return [verdict, who, checks.map(({ id, subject, outcome }) => [id, subject, outcome])];
}

function facts(certificate: Certificate): unknown {
  const { x509 } = certificate;
  return [
    certificate.subject,
    certificate.issuer,
    certificate.fingerprint,
    certificate.practice,
    certificate.stampsTime,
    certificate.selfSigned,
    certificate.notBefore,
    certificate.notAfter,
    hex(x509.serial.subarray(2)).replace(/^00/, ""),
    accepted(() => certificate.publicKey),
    accepted(() => certificate.signerKey),
    hex(sha256(certificate.pem())),
  ];
}

function accepted(action: () => unknown): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}
