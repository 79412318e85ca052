/** What checking a custody log found. */

import type { Bytes } from "../bytes.js";
import type { Problem } from "../models.js";
import type { Certificate } from "../trust/certificates.js";
import { Briefs } from "./briefs.js";
import { Links } from "./log.js";
import { KeyRegister } from "./register.js";
import { Transfers } from "./transfers.js";
import { Unsealings } from "./unsealing.js";

/** The checks that are made of a log. */
const RULES = ["lines", "fork", "chain", "signatures", "order", "details", "keys", "transfers", "unsealed"];
const IDS = RULES.map((rule) => `custody.${rule}`);
/** Problems of one id that are kept: a ruined log of a million events is told in its first ones. */
const MOST = 1000;
/** What a log says and what is wrong with it. */
export class LogFindings {
  /** What is remembered of each disclosed event. */
  readonly briefs = new Briefs();
  /** The numbers of the others. */
  readonly withheld: number[] = [];
  /** The link after each event. */
  readonly links = new Links();
  /** The case that the first disclosed event names. */
  case = "";
  /** Fingerprint to certificate of everyone whose signature holds. */
  readonly signers = new Map<string, Certificate>();
  /** Hand-overs and holders, and with them the register of keys. */
  readonly transfers: Transfers;
  readonly unsealings = new Unsealings();
  /** What is wrong, by check id; of each no more than `MOST`. */
  readonly problems = new Map<string, Problem[]>();
  /** What is not wrong and not finished either, by check id: hand-overs that nobody has answered. */
  readonly unsettled = new Map<string, Problem[]>();
  /** How many problems there are of each id beyond those that are kept. */
  readonly unlisted = new Map<string, number>();

  /** *certificates*, by fingerprint, are those that may have signed. */
  constructor(readonly certificates: ReadonlyMap<string, Certificate>) {
    this.transfers = new Transfers(new KeyRegister(certificates));
  }

  /** Who may sign in this log. */
  get keys(): KeyRegister {
    return this.transfers.keys;
  }

  /** The last link. */
  get head(): Bytes {
    return this.links.last;
  }

  /** How many events can be read. */
  get size(): number {
    return this.briefs.length + this.withheld.length;
  }

  /** The checks of which there is nothing to tell, and what to say of them. */
  passed(): readonly [ids: string[], detail: string] {
    const hidden = this.withheld.length > 0 ? `, ${this.withheld.length} of them withheld` : "";
    return [IDS.filter((id) => !this.problems.has(id) && !this.unsettled.has(id)), `${this.size} events${hidden}`];
  }

  /** Note a problem. */
  wrong(id: string, subject: string, detail: string): void {
    const known = this.problems.get(id) ?? [];
    this.problems.set(id, known);
    if (known.length < MOST) known.push([subject, detail]);
    else this.unlisted.set(id, (this.unlisted.get(id) ?? 0) + 1);
  }

  /** Note what is not finished. */
  unsettle(id: string, subject: string, detail: string): void {
    const known = this.unsettled.get(id) ?? [];
    this.unsettled.set(id, known);
    known.push([subject, detail]);
  }
}
