/** What is remembered of every disclosed event of a log, however long it is: a few numbers each. */

import type { Event } from "./events.js";

/** One disclosed event. */
export interface Brief {
  /** Number of its line. */
  readonly line: number;
  /** The number that it gives itself. */
  readonly seq: number;
  /** ms since 1970. */
  readonly time: number;
  /** Fingerprint of the actor's certificate. */
  readonly certificate: string;
}

/** The disclosed events of a log in order. */
export class Briefs {
  private readonly lines: number[] = [];
  private readonly seqs: number[] = [];
  private readonly times: number[] = [];
  private readonly signers: number[] = [];
  private readonly certificates = new Map<string, number>();

  /** Add the *event* that stands in *line*. */
  append(line: number, event: Event): void {
    const signer = this.certificates.get(event.certificate) ?? this.certificates.size;
    this.certificates.set(event.certificate, signer);
    this.lines.push(line);
    this.seqs.push(event.seq);
    this.times.push(event.time);
    this.signers.push(signer);
  }

  get length(): number {
    return this.lines.length;
  }

  /** Yield them in order. */
  *[Symbol.iterator](): Generator<Brief> {
    const certificates = [...this.certificates.keys()];
    for (const [place, line] of this.lines.entries()) {
      yield {
        line,
        seq: this.seqs[place] as number,
        time: this.times[place] as number,
        certificate: certificates[this.signers[place] as number] as string,
      };
    }
  }

  /** Return the number of each. */
  numbers(): readonly number[] {
    return this.seqs;
  }
}
