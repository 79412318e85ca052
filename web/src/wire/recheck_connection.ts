/** One TLS connection of an account: what its line proves (evidence-format.md, 3.5). */

import { type Bytes, hex, unbase64 } from "../bytes.js";
import { digestText, sha256 } from "../digest.js";
import { FormatError } from "../errors.js";
import type { Outcome } from "../models.js";
import { type Line, SIDES, type StatedFinding, type StatedTls } from "./account_form.js";
import type { Subject } from "./account_sense.js";
import { NO_CERTIFICATES, readCertificates, UNREADABLE, withoutDots } from "./tls/certificates.js";
import { openTls } from "./tls/connection.js";
import type { Matter } from "./tls/findings.js";
import { another, readSecrets } from "./tls/keylog.js";
import type { Talk } from "./tls/talk.js";

/** What is checked. */
export type Check = "connections.lines" | "tls.server-proof" | "tls.records" | "tls.certificates";

/** One outcome of a connection; the detail is English. */
export type Found = readonly [check: Check, outcome: Outcome, detail: string];

const RECORDS: readonly Matter[] = ["tls.records", "tls.handshake", "tls.finished"];
const NO_LINK = "that was verified when it was captured, and cannot be repeated from what is kept";
const ONLY_12 = "TLS 1.2: its Finished and its records need the secret that opens the content, which is not kept";

/** A connection that later ones may resume. */
export interface Origin {
  readonly connection: number;
  readonly certificates: readonly string[];
}

/** What earlier lines said. */
export interface State {
  /** How many there are, by the first line. */
  connections: number;
  last: number;
  /** By digest text. */
  readonly certificates: Map<string, Bytes>;
  /** By client random in hexadecimal. */
  readonly origins: Map<string, Origin>;
}

/** One TLS connection of the account. */
export class Connection {
  private readonly state: State;
  private readonly line: Line;
  private readonly tls: StatedTls;
  private readonly stated: ReadonlyMap<string, StatedFinding>;
  private readonly certificates: readonly string[];

  constructor(state: State, line: Line, tls: StatedTls) {
    this.state = state;
    this.line = line;
    this.tls = tls;
    this.stated = new Map(tls.findings.map((each) => [each.id, each]));
    this.certificates = tls.certificates.map((member) => this.certificate(member));
  }

  /** Return the findings; a connection that was never used has none. */
  async check(): Promise<Found[]> {
    const [opened, problem] = await this.open();
    const judged = await this.judgeCertificates();
    if (opened === null && problem === "" && this.tls.content === "none") {
      return judged.filter(([, outcome]) => outcome === "failed");
    }
    const records: Found = problem === "" ? this.records(opened) : ["tls.records", "failed", problem];
    const proof = this.proof(problem === "" ? opened : null);
    if (this.tls.client_random !== null) {
      this.state.origins.set(this.tls.client_random, { connection: this.line.id, certificates: this.certificates });
    }
    return [records, proof, ...judged];
  }

  private certificate(member: { readonly sha256: string; readonly der?: string }): string {
    const known = this.state.certificates;
    if (member.der !== undefined) {
      const der = unbase64(member.der);
      if (digestText(sha256(der)) !== member.sha256) {
        throw new FormatError(`a certificate is not the one with the digest ${member.sha256}`);
      }
      if (known.has(member.sha256)) throw new FormatError(`the certificate ${member.sha256} stands there twice`);
      known.set(member.sha256, der);
    } else if (!known.has(member.sha256)) {
      throw new FormatError(`the certificate ${member.sha256} is missing`);
    }
    return member.sha256;
  }

  /** Return the kept handshake, verified anew, and what is wrong with it. */
  private async open(): Promise<readonly [Talk | null, string]> {
    const kept = this.line.handshake;
    if (kept === null) return [null, ""];
    const data = { client: unbase64(kept.client), server: unbase64(kept.server) };
    for (const side of SIDES) {
      if (digestText(sha256(data[side])) !== kept[`${side}_sha256`]) {
        return [null, `the kept handshake of the ${side} is not the one with its digest`];
      }
    }
    try {
      const secrets = readSecrets(kept.secrets);
      const opened = await openTls(data.client, data.server, secrets);
      if (secrets.random !== null && secrets.random !== clientRandom(opened)) throw another();
      const sizes = { client: data.client.length, server: data.server.length };
      return [opened, [...this.contradictions(opened, sizes)].join("; ")];
    } catch (error) {
      if (error instanceof FormatError) return [null, error.message];
      throw error;
    }
  }

  private *contradictions(
    opened: Talk,
    sizes: { readonly client: number; readonly server: number },
  ): Generator<string> {
    for (const side of SIDES) {
      const end = side === "client" ? opened.clientHandshake : opened.serverHandshake;
      if (end !== 0 && end !== sizes[side]) yield `something follows the handshake of the ${side}`;
    }
    const found = factsOf(opened);
    for (const key of Object.keys(found).sort() as (keyof Facts)[]) {
      const inherited = key === "signature_scheme" && opened.resumed === true;
      if (!inherited && found[key] !== this.tls[key]) {
        yield `the handshake has ${key} ${shown(found[key])}, the account ${shown(this.tls[key])}`;
      }
    }
    const digests = opened.certificates.map((der) => digestText(sha256(der)));
    if (opened.resumed !== true && !sameList(digests, this.certificates)) {
      yield "the handshake has other certificates than the account";
    }
  }

  private records(opened: Talk | null): Found {
    const check = "tls.records";
    if (opened === null) return [check, "not-checked", "no handshake is kept"];
    const wrong = RECORDS.map((matter) => opened.notes.wrong(matter)).filter((detail) => detail !== "");
    if (wrong.length > 0) return [check, this.unlessStated(RECORDS), wrong.join("; ")];
    const stated = this.failed(RECORDS);
    if (stated !== "") return [check, "not-checked", `the capture itself found: ${stated}`];
    if (RECORDS.every((matter) => opened.notes.outcome(matter) === "passed")) {
      return [check, "passed", "the tags of the handshake's records and both Finished MACs are right"];
    }
    if (opened.version === "tls/1.2") return [check, "not-checked", ONLY_12];
    if (this.said("tls.finished") === "passed" && this.tls.early_data === null) {
      return [check, "failed", "the kept handshake does not hold both Finished messages"];
    }
    return [check, "not-checked", "the client's Finished is not among what is kept"];
  }

  private proof(opened: Talk | null): Found {
    const check = "tls.server-proof";
    const found = opened?.notes.outcome(check) ?? "not-checked";
    if (found === "failed") {
      return [check, this.unlessStated([check]), "the server's signature over its handshake does not match"];
    }
    const stated = this.failed([check]);
    if (stated !== "") return [check, "not-checked", `the capture itself found: ${stated}`];
    if (found === "passed") return [check, "passed", "the certificate's key signed this handshake"];
    if (this.tls.resumed === true) return this.resumed(check);
    if (opened !== null && this.said(check) === "passed") {
      return [check, "failed", "the kept handshake does not hold the signature that the account speaks of"];
    }
    return [check, "not-checked", "no signature of the server is kept"];
  }

  private resumed(check: "tls.server-proof"): Found {
    const random = this.tls.resumes;
    if (random === null) return [check, "not-checked", "it resumes a session that began before this capture"];
    const origin = this.state.origins.get(random);
    if (origin === undefined) {
      return [check, "failed", "it resumes a session of a connection that the account does not have"];
    }
    if (!sameList(origin.certificates, this.certificates)) {
      return [check, "failed", `it resumes connection ${origin.connection}, which had other certificates`];
    }
    return [check, "not-checked", `it resumes a session of an earlier connection: ${NO_LINK}`];
  }

  private async judgeCertificates(): Promise<Found[]> {
    const check = "tls.certificates";
    const { tls, line } = this;
    const name = tls.server_name || line.name;
    const ders = this.certificates.map((digest) => this.state.certificates.get(digest) as Bytes);
    const at = Date.parse(line.connected ?? line.opened);
    const facts = ders.length > 0 ? await readCertificates(ders, name, at) : NO_CERTIFICATES;
    const wrong: string[] = [];
    if (tls.server_name && !isSameHost(tls.server_name, line.name)) {
      wrong.push(`it is said to be '${line.name}', and '${name}' was asked for in the handshake`);
    }
    if (facts.leadsTo !== tls.leads_to) {
      wrong.push(`the certificates lead to '${facts.leadsTo}', the account has '${tls.leads_to}'`);
    }
    if (!sameList(kinds(facts.problems), kinds(tls.certificate_problems))) {
      wrong.push(`with the certificates is wrong: ${facts.problems.join("; ") || "nothing"}; the account differs`);
    }
    if (wrong.length > 0) return [[check, "failed", wrong.join("; ")]];
    if (facts.problems.length > 0) return [[check, "not-checked", facts.problems.join("; ")]];
    return ders.length > 0 ? [[check, "passed", facts.leadsTo]] : [];
  }

  private said(subject: Subject): Outcome | undefined {
    return this.stated.get(subject)?.outcome;
  }

  /** Return what the capture found wrong, if anything. */
  private failed(subjects: readonly Subject[]): string {
    const wrong = subjects.map((subject) => this.stated.get(subject)).filter((each) => each?.outcome === "failed");
    return wrong.map((each) => each?.detail).join("; ");
  }

  /** Return that it failed; unless the account says so itself: then that is no alteration. */
  private unlessStated(subjects: readonly Subject[]): Outcome {
    return this.failed(subjects) !== "" ? "not-checked" : "failed";
  }
}

/** What a handshake says, in the fields of an account. */
type Facts = Pick<
  StatedTls,
  "client_random" | "version" | "suite" | "alpn" | "server_name" | "resumed" | "key_group" | "signature_scheme"
>;

function factsOf(opened: Talk): Facts {
  return {
    client_random: clientRandom(opened),
    version: opened.version,
    suite: opened.suite?.name ?? null,
    alpn: opened.alpn,
    server_name: opened.serverName,
    resumed: opened.resumed,
    key_group: opened.keyGroup,
    signature_scheme: opened.scheme,
  };
}

function clientRandom(opened: Talk): string | null {
  return opened.hello === null ? null : hex(opened.hello.random);
}

function shown(value: string | boolean | null): string {
  return typeof value === "string" ? `'${value}'` : String(value);
}

function sameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((each, place) => each === other[place]);
}

/** Return whether both are one host: a ClientHello has no dot at the end (RFC 6066, 3). */
function isSameHost(asked: string, name: string): boolean {
  return withoutDots(asked.toLowerCase()) === withoutDots(name.toLowerCase());
}

/** Return *problems* without the words of a library that could not read a certificate: they change with it. */
function kinds(problems: readonly string[]): string[] {
  return problems.map((each) => (each.startsWith(UNREADABLE) ? UNREADABLE : each));
}
