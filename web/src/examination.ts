/** One run of the verifier: it collects checks and signers, and comes to the verdict (evidence-format.md, 8). */

import type { OurHelpers } from "./archive/ahead.js";
import type { Bytes } from "./bytes.js";
import { TITLES } from "./catalogue.js";
import { FormatError } from "./errors.js";
import type { Check, Json, Kind, Outcome, Problem, Report, Trust, Verdict } from "./models.js";
import type { Certificate } from "./trust/certificates.js";
import { finding, type Judgement, judge, type TrustedRoots } from "./trust/judging.js";
import { isOrderly, type RevocationFinding, type Statement, standings } from "./trust/revocation.js";
import { noteUnused, type Outside } from "./verify/outside.js";

/** The roots that came from outside the evidence. */
export type Roots = TrustedRoots;

/** Failed checks listed of one id: a ruined archive of a million records is told in its first ones. */
const MOST = 200;

const RANK: { readonly [trust in Trust]: number } = { claimed: 0, practice: 1, established: 2 };

/** The last time at which a certificate was used to sign. */
interface Use {
  readonly certificate: Certificate;
  readonly pool: readonly Certificate[];
  readonly at: number;
}

/** What was looked at so far. */
export class Examination {
  readonly checks: Check[] = [];
  readonly facts: { [key: string]: Json } = {};
  /** The file of the events that a bundle withholds, if somebody disclosed it. */
  withheld: Bytes | undefined;
  /** What was given out, to hold the log against. */
  outside: Outside = {};
  /** They take off work, where there are any. */
  helpers: OurHelpers | undefined;
  /** The trusted time of the stamp over a whole bundle, and so over all events in it; ms since 1970. */
  sealedAt: number | undefined;
  /** What authorities said about revocations, as far as it lies with the evidence. */
  readonly statements: Statement[] = [];
  /** Who signed, by the fingerprint of the certificate. */
  readonly signers = new Map<string, Judgement>();
  private readonly failures = new Map<string, number>();
  private unexamined = false;
  private readonly latest = new Map<string, Use>();
  private readonly stood = new Set<string>();
  private readonly judged = new Map<string, Promise<Judgement>>();

  /** *now* is the time of verification, ms since 1970. */
  constructor(
    readonly roots: TrustedRoots,
    readonly now: number,
  ) {}

  passed(id: string, subject: string, detail = ""): void {
    this.note(id, subject, "passed", detail);
  }

  /** Note that a check failed; of one id at most `MOST` are listed. */
  failed(id: string, subject: string, detail: string): void {
    const count = (this.failures.get(id) ?? 0) + 1;
    this.failures.set(id, count);
    if (count <= MOST) this.note(id, subject, "failed", detail);
  }

  /** Note that something needed for a check is not there. */
  notChecked(id: string, subject: string, detail: string): void {
    this.note(id, subject, "not-checked", detail);
  }

  /** Note that something is there that could not be examined: without it there is no verdict but "altered". */
  gaveUp(id: string, subject: string, detail: string): void {
    this.unexamined = true;
    this.notChecked(id, subject, detail);
  }

  /** Note one failed check for each of *problems*, or one passed check if there is none. */
  concluded(id: string, subject: string, problems: Iterable<Problem>, detail = ""): void {
    let none = true;
    for (const [wrong, why] of problems) {
      none = false;
      this.failed(id, wrong, why);
    }
    if (none) this.passed(id, subject, detail);
  }

  /** Note that *count* more checks failed that are not told one by one. */
  unlisted(id: string, count: number): void {
    this.failures.set(id, (this.failures.get(id) ?? 0) + count);
  }

  hasFailed(id: string): boolean {
    return this.failures.has(id);
  }

  /** Return the certificates of those who signed so far. */
  signerCertificates(): Certificate[] {
    return [...this.signers.values()].map(({ certificate }) => certificate);
  }

  /** Judge *certificate* at the trusted time *at*, or now when there is none. */
  believe(certificate: Certificate, pool: Iterable<Certificate>, at: number | undefined): Promise<Judgement> {
    const moment = at ?? this.now;
    const key = `${certificate.fingerprint} ${moment}`;
    const known = this.judged.get(key) ?? judgeAnyway(certificate, pool, this.roots, moment);
    this.judged.set(key, known);
    return known;
  }

  /**
   * Note a signer whose signature holds, with a trusted time of the signature if there is one.
   *
   * The same certificate may have signed at several times: the least trusted of them counts.
   */
  async signedBy(certificate: Certificate, pool: Iterable<Certificate>, at: number | undefined): Promise<void> {
    const issuers = [...pool];
    const print = certificate.fingerprint;
    const found = await this.believe(certificate, issuers, at);
    const known = this.signers.get(print);
    if (known === undefined || RANK[found.trust] < RANK[known.trust]) this.signers.set(print, found);
    const moment = at ?? this.now;
    const latest = this.latest.get(print);
    if (latest === undefined || moment > latest.at) this.latest.set(print, { certificate, pool: issuers, at: moment });
  }

  /**
   * Note whether a time-stamping authority was revoked, and return whether its stamp of the time *at* counts.
   *
   * Revoked later for anything but an orderly reason, nothing that it ever stamped counts (RFC 3161, 4).
   */
  async stampStands(authority: Certificate, pool: Iterable<Certificate>, at: number): Promise<boolean> {
    let counts = true;
    for (const [found, standing] of await this.standings(authority, pool, at)) {
      const { revoked } = standing;
      const later = standing.standing === "revoked later" && revoked !== null;
      if (later && found.same(authority) && !isOrderly(revoked)) {
        const detail = `${standing.detail}: no stamp of it counts any more`;
        this.noteStanding("timestamp.revocation", found, { standing: "unknown", detail, revoked: null });
        counts = false;
        continue;
      }
      this.noteStanding("timestamp.revocation", found, standing);
      if (standing.standing === "revoked") counts = false;
    }
    return counts;
  }

  private standings(
    certificate: Certificate,
    pool: Iterable<Certificate>,
    at: number,
  ): Promise<[Certificate, RevocationFinding][]> {
    return standings(certificate, [...pool, ...this.roots.established], this.statements, at);
  }

  private noteStanding(id: string, certificate: Certificate, { standing, detail }: RevocationFinding): void {
    const key = `${id} ${certificate.fingerprint} ${standing}`;
    if (this.stood.has(key)) return;
    this.stood.add(key);
    const { subject } = certificate;
    if (standing === "revoked") this.failed(id, subject, `${detail}, before it was used here`);
    else if (standing === "revoked later") this.passed(id, subject, `${detail}, after it was used here`);
    else if (standing === "not revoked") this.passed(id, subject, detail);
    else this.notChecked(id, subject, detail);
  }

  /** Return the result, the signers' checks added. */
  async report(kind: Kind, subject: string, root: string | null): Promise<Report> {
    for (const { certificate, trust, detail } of this.signers.values()) {
      if (trust === "claimed") this.notChecked("signer.trust", certificate.subject, detail);
      else this.passed("signer.trust", certificate.subject, trust);
    }
    for (const { certificate, pool, at } of this.latest.values()) {
      for (const [found, standing] of await this.standings(certificate, pool, at)) {
        this.noteStanding("signer.revocation", found, standing);
      }
    }
    noteUnused(this, subject);
    for (const [id, count] of this.failures) {
      if (count > MOST) this.note(id, subject, "failed", `${count - MOST} more of the same are not listed`);
    }
    return {
      schema: "evidence-kit/verify/1",
      verdict: this.verdict(kind),
      kind,
      subject,
      root,
      signers: [...this.signers.values()].map(finding),
      checks: this.checks,
      facts: this.facts,
    };
  }

  private verdict(kind: Kind): Verdict {
    if (kind === "wacz" || kind === "warc" || kind === "unknown") return "cannot-verify";
    if (this.failures.size > 0) return "altered";
    if (this.unexamined) return "cannot-verify";
    const signers = [...this.signers.values()];
    return signers.length > 0 && signers.every(({ trust }) => trust !== "claimed") ? "verified" : "unchanged";
  }

  private note(id: string, subject: string, outcome: Outcome, detail: string): void {
    const title = TITLES[id];
    if (title === undefined) throw new Error(`no check is called ${id}`);
    this.checks.push({ id, title, subject, outcome, detail });
  }
}

async function judgeAnyway(
  certificate: Certificate,
  pool: Iterable<Certificate>,
  roots: TrustedRoots,
  at: number,
): Promise<Judgement> {
  try {
    return await judge(certificate, pool, roots, at);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { certificate, trust: "claimed", detail: error.message };
  }
}
