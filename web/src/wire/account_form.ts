/** The form of `connections.jsonl` (evidence-format.md, 3.5), read as a stranger's file: exact keys and kinds. */

import type { Bytes } from "../bytes.js";
import { loads } from "../canonical.js";
import type { Outcome } from "../models.js";
import { digest, flag, hexadecimal, items, oneOf, orNull, type Reader, record, text, time, whole } from "./forms.js";

export const SCHEMA = "evidence-kit/connections/1";

/** Who sent something. */
export const SIDES = ["client", "server"] as const;
export type Side = (typeof SIDES)[number];

/** What one side sent. */
export interface Sent {
  readonly bytes: number;
  readonly sha256: string | null;
}

/** What the capture found about one matter. */
export interface StatedFinding {
  readonly id: string;
  readonly outcome: Outcome;
  readonly detail: string;
}

/** What a line says about TLS. */
export interface StatedTls {
  readonly client_random: string | null;
  readonly version: string | null;
  readonly suite: string | null;
  readonly alpn: string | null;
  readonly server_name: string | null;
  readonly resumed: boolean | null;
  readonly resumes: string | null;
  readonly key_group: string | null;
  readonly signature_scheme: string | null;
  readonly certificates: readonly { readonly sha256: string; readonly der?: string }[];
  readonly certificate_problems: readonly string[];
  readonly leads_to: string;
  readonly early_data: boolean | null;
  readonly content: "opened" | "none" | "locked";
  readonly findings: readonly StatedFinding[];
}

/** The handshake as it is kept: base64, digest text, key log. */
export interface StatedHandshake {
  readonly client: string;
  readonly client_sha256: string;
  readonly server: string;
  readonly server_sha256: string;
  readonly secrets: string;
}

/** What is used of the line of one connection. */
export interface Line {
  readonly id: number;
  readonly name: string;
  readonly port: number;
  readonly detour: string;
  readonly opened: string;
  readonly connected: string | null;
  readonly address: string;
  readonly address_port: number;
  readonly protocol: "tls" | "http" | "none" | "other";
  readonly problem: string;
  readonly client: Sent;
  readonly server: Sent;
  readonly tls: StatedTls | null;
  readonly handshake: StatedHandshake | null;
}

const RANDOM = hexadecimal(32);

const OPENING = record({
  schema: oneOf(SCHEMA),
  journal: digest,
  key_log: orNull(digest),
  problems: items(text),
  connections: whole,
});

const LOOKUP = record({ question: text, answers: items(text), asked: time, answered: time, error: text });

const ATTEMPT = record({ address: text, port: whole, started: time, ended: time, error: text });

const DIRECTION = record({
  bytes: whole,
  sha256: orNull(digest),
  ending: oneOf("closed", "cut", "reset", "open"),
  ended: orNull(time),
  ended_by: orNull(oneOf(...SIDES)),
});

const TLS: Reader = record({
  client_random: orNull(RANDOM),
  version: orNull(text),
  suite: orNull(text),
  alpn: orNull(text),
  server_name: orNull(text),
  resumed: orNull(flag),
  resumes: orNull(RANDOM),
  key_group: orNull(text),
  signature_scheme: orNull(text),
  certificates: items(record({ sha256: digest, der: text }, ["der"])),
  certificate_problems: items(text),
  leads_to: text,
  early_data: orNull(flag),
  content: oneOf("opened", "none", "locked"),
  alerts: items(record({ side: oneOf(...SIDES), number: whole, protected: flag })),
  findings: items(record({ id: text, outcome: oneOf("passed", "failed", "not-checked"), detail: text })),
});

const HANDSHAKE = record({ client: text, client_sha256: digest, server: text, server_sha256: digest, secrets: text });

const CONNECTION = record({
  id: whole,
  name: text,
  port: whole,
  detour: text,
  opened: time,
  connected: orNull(time),
  ended: orNull(time),
  lookups: items(LOOKUP),
  attempts: items(ATTEMPT),
  address: text,
  address_port: whole,
  local_address: text,
  local_port: whole,
  client_port: whole,
  error: text,
  protocol: oneOf("tls", "http", "none", "other"),
  problem: text,
  client: DIRECTION,
  server: DIRECTION,
  marks: orNull(digest),
  tls: orNull(TLS),
  handshake: orNull(HANDSHAKE),
});

/** Return how many connections the first line announces; it comes without its line feed; raises `FormatError`. */
export function readOpening(line: Bytes): number {
  const value = loads(line);
  OPENING(value);
  return (value as unknown as { connections: number }).connections;
}

/** Return what a connection's line says; it comes without its line feed; raises `FormatError`. */
export function readLine(line: Bytes): Line {
  const value = loads(line);
  CONNECTION(value);
  return value as unknown as Line;
}
