/** What the page asks of the computer: `evidence_kit/intake/receiving` answers. */

import type { Json } from "../models.js";

/** Seconds that one answer may take, a piece on a bad connection and a large file that is read back included. */
const PATIENCE = 90;
/** Seconds between tries, after which it is given up until the person tries again. */
const PAUSES = [1, 2, 4, 8, 15];

/** Something that the person has to know: a key of `[problem]`. */
export class Trouble extends Error {
  readonly problem: string;

  constructor(problem: string) {
    super(problem);
    this.problem = problem;
  }
}

/** A file as the computer knows it. */
export interface Known {
  readonly id: number;
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  readonly at: number;
  readonly whole: boolean;
}

export interface Joined {
  readonly item: string;
  readonly practice: boolean;
  readonly piece: number;
  readonly files: readonly Known[];
}

export interface Finished {
  readonly item: string;
  readonly time: string;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
}

export const join = (): Promise<Joined> => persist("join", {}) as Promise<unknown> as Promise<Joined>;

export const finish = (): Promise<Finished> => once("done", {}) as Promise<unknown> as Promise<Finished>;

/** Send *file*, whose SHA-256 is *sha256*, from where it stopped; raises `Trouble`. */
export async function send(file: File, sha256: string, piece: number, onBytes: (at: number) => void): Promise<void> {
  const offer = { name: file.name, size: file.size, sha256, modified: Math.trunc(file.lastModified) || null };
  let known = (await persist("offer", offer)) as unknown as Known;
  while (!known.whole) {
    onBytes(known.at);
    const part = file.slice(known.at, known.at + piece);
    // One that was lost on the way, or whose answer was, is sent again: the computer says how much it has.
    known = (await persist(`piece/${known.id}/${known.at}`, part)) as unknown as Known;
  }
  onBytes(file.size);
}

async function persist(path: string, body: Blob | Json): Promise<Json> {
  for (const pause of PAUSES) {
    try {
      return await once(path, body);
    } catch (error) {
      if (!(error instanceof Trouble) || error.problem !== "gone") throw error;
      await new Promise((resolve) => setTimeout(resolve, pause * 1000));
    }
  }
  return once(path, body);
}

function once(path: string, body: Blob | Json): Promise<Json> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.timeout = PATIENCE * 1000;
    request.onerror = request.ontimeout = request.onabort = () => reject(new Trouble("gone"));
    request.onload = () => {
      try {
        const value = JSON.parse(request.responseText) as { readonly problem?: string };
        if (request.status === 200) resolve(value as Json);
        else reject(new Trouble(value.problem ?? "gone"));
      } catch {
        reject(new Trouble("gone"));
      }
    };
    const raw = body instanceof Blob;
    request.setRequestHeader("Content-Type", raw ? "application/octet-stream" : "application/json");
    request.send(raw ? body : JSON.stringify(body));
  });
}
