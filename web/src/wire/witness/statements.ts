/**
 * What a witness signs, and whether an account of connections agrees with it (evidence-format.md, 3.7).
 *
 * `witness.jsonl` holds the witness's own lines about one session, in canonical JSON, and `witness.sig` in each line
 * the base64 of the detached signature over that line, its line feed included.
 */

import { type Bytes, concat, equal, text as textOf, unbase64, utf8 } from "../../bytes.js";
import { isObject, loads } from "../../canonical.js";
import { parseDigest, sha256 } from "../../digest.js";
import { attempt, FormatError } from "../../errors.js";
import type { Json, Outcome } from "../../models.js";
import { type Certificate, loadCertificates } from "../../trust/certificates.js";
import { verifyDetached } from "../../trust/cms.js";
import { type Line, type Sent, SIDES } from "../account_form.js";
import { digest, flag, hexadecimal, oneOf, type Reader, record, text, time, whole } from "../forms.js";

const SCHEMA = "evidence-kit/witness/1";
const OPENED = "session.opened";
const CONNECTION = "connection";
export const CLOSED = "session.closed";

/** The files of an item. */
export const LINES = "witness.jsonl";
export const SIGNATURES = "witness.sig";
export const CERTIFICATES = "witness.pem";
export const TOKEN = "witness.tsr";

const DOMAIN = utf8("evidence-kit/witness/1\n");
const LINE_FEED = 10;

const COMMON: { readonly [key: string]: Reader } = {
  schema: oneOf(SCHEMA),
  seq: whole,
  previous: digest,
  time,
  type: oneOf(OPENED, CONNECTION, CLOSED),
  session: hexadecimal(16),
  certificate: hexadecimal(32),
};
const WITNESS = record({ name: text, id: text, role: text, agency: text });
const DIRECTION = record({ bytes: whole, sha256: digest });
const FORMS: ReadonlyMap<Json | undefined, Reader> = new Map<Json, Reader>([
  [OPENED, record({ ...COMMON, witness: WITNESS })],
  [CLOSED, record({ ...COMMON, connections: whole })],
  [
    CONNECTION,
    record({
      ...COMMON,
      connection: whole,
      name: text,
      port: whole,
      address: text,
      address_port: whole,
      opened: time,
      error: text,
      lost: flag,
      client: DIRECTION,
      server: DIRECTION,
      untaken: whole,
    }),
  ],
]);

interface Common {
  readonly seq: number;
  readonly previous: string;
  readonly session: string;
  readonly certificate: string;
}

/** What the witness saw of one connection. */
interface WitnessedConnection extends Common {
  readonly type: typeof CONNECTION;
  readonly connection: number;
  readonly name: string;
  readonly port: number;
  readonly address: string;
  readonly address_port: number;
  readonly lost: boolean;
  readonly client: Sent;
  readonly server: Sent;
}

/** What a line says. */
type Said =
  | WitnessedConnection
  | (Common & { readonly type: typeof OPENED })
  | (Common & { readonly type: typeof CLOSED; readonly connections: number });

/** One line of a witness, and its signature (DER). */
export interface Statement {
  /** With its line feed. */
  readonly line: Bytes;
  readonly signature: Bytes;
  readonly value: Said;
}

/** One thing found; *detail* is English. */
export interface Witnessed {
  /** Null where it is about the statements themselves. */
  readonly connection: number | null;
  readonly outcome: Outcome;
  readonly detail: string;
}

/** Return the head of the witness's log after *statement*, if the log before it was as the line says. */
export function linkOf({ value, line, signature }: Statement): Bytes {
  return sha256(DOMAIN, parseDigest(value.previous), sha256(line), sha256(signature));
}

/** Return the statements in the two files, checked for their form alone; raises `FormatError`. */
export function readStatements(lines: Bytes, signatures: Bytes): Statement[] {
  const [said, signed] = [parts(lines), parts(signatures)];
  if (said.length === 0 || said.length !== signed.length) {
    throw new FormatError(`${LINES} and ${SIGNATURES} do not hold equally many whole lines, one at least`);
  }
  return said.map((line, place) => readStatement(place + 1, line, signed[place] as Bytes));
}

/** Return the lines of *data* without their line feeds; none when the last has no end. */
function parts(data: Bytes): Bytes[] {
  if (data[data.length - 1] !== LINE_FEED) return [];
  const found: Bytes[] = [];
  for (let at = 0; at < data.length; ) {
    const end = data.indexOf(LINE_FEED, at);
    found.push(data.subarray(at, end));
    at = end + 1;
  }
  return found;
}

function readStatement(number: number, line: Bytes, encoded: Bytes): Statement {
  try {
    const value = loads(line);
    const form = FORMS.get(isObject(value) ? value.type : undefined);
    if (form === undefined) throw new FormatError("is of no type that a witness writes");
    form(value);
    const signature = unbase64(textOf(encoded, "its signature"));
    return { line: concat(line, new Uint8Array([LINE_FEED])), signature, value: value as unknown as Said };
  } catch (error) {
    throw error instanceof FormatError ? new FormatError(`line ${number}: ${error.message}`) : error;
  }
}

/** Return the witness's certificate and those above it; raises `FormatError`, also for PEM of another form. */
export function readCertificates(data: Bytes): Certificate[] {
  const certificates = loadCertificates(data);
  if (equal(concat(...certificates.map((certificate) => certificate.pem())), data)) return certificates;
  throw new FormatError(`${CERTIFICATES} is not PEM in its one form`);
}

/** Yield what is wrong with the statements of a session by themselves; *signer* is whose signatures they must be. */
export async function* checkStatements(statements: readonly Statement[], signer: Certificate): AsyncGenerator<string> {
  for (const [place, { line, signature }] of statements.entries()) {
    const found = await attempt(() => verifyDetached(signature, sha256(line), [signer]));
    if (found instanceof FormatError) yield `line ${place + 1}: ${found.message}`;
  }
  for (const [place, after] of statements.entries()) {
    const before = statements[place - 1];
    if (before !== undefined) yield* steps(before, after, place + 1);
  }
  yield* order(statements);
}

function* steps(before: Statement, after: Statement, number: number): Generator<string> {
  const step = after.value.seq - before.value.seq;
  if (step < 1 || (step === 1 && !equal(parseDigest(after.value.previous), linkOf(before)))) {
    yield `line ${number} does not follow line ${number - 1} in the witness's log`;
  }
  if (after.value.session !== before.value.session || after.value.certificate !== before.value.certificate) {
    yield `line ${number} is about another session`;
  }
}

function* order(statements: readonly Statement[]): Generator<string> {
  const last = statements[statements.length - 1]?.value;
  const inner = statements.slice(1, last?.type === CLOSED ? -1 : undefined);
  if (statements[0]?.value.type !== OPENED || inner.some(({ value }) => value.type !== CONNECTION)) {
    yield "the lines are not one opening, connections, and one closing";
  } else if (last?.type === CLOSED && last.connections !== inner.length) {
    yield `the witness closed with ${last.connections} connections, and ${inner.length} are there`;
  }
}

/**
 * Compare with the lines of *account* that are about connections. What passed as the witness says is passed; a
 * connection of which the witness says nothing, or not enough, is not checked. Raises what reading *account* raises.
 */
export async function* compare(
  statements: readonly Statement[],
  account: AsyncIterable<Line>,
): AsyncGenerator<Witnessed> {
  const said = new Map<number, WitnessedConnection>();
  for (const { value } of statements) {
    if (value.type !== CONNECTION) continue;
    if (said.has(value.connection)) yield found(value.connection, "failed", "the witness speaks of it twice");
    else said.set(value.connection, value);
  }
  for await (const line of account) {
    const value = said.get(line.id);
    said.delete(line.id);
    if (value !== undefined) yield agree(line, value);
    else if (line.client.bytes > 0 || line.server.bytes > 0) {
      yield found(line.id, "not-checked", "it did not go through the witness, or the witness is silent");
    }
  }
  for (const number of said.keys()) {
    yield found(number, "failed", "the witness made this connection, and the account does not have it");
  }
  if (!statements.some(({ value }) => value.type === CLOSED)) {
    yield found(null, "not-checked", "the session was not closed: connections at its end may be missing");
  }
}

function agree(line: Line, value: WitnessedConnection): Witnessed {
  const detour = line.detour.split(" ");
  const [name, port] = detour.length === 2 ? detour : [line.name, String(line.port)];
  const wrong: string[] = [];
  if (name !== value.name || port !== String(value.port)) {
    wrong.push(`the witness was asked for ${value.name}:${value.port}, the account has ${name}:${port}`);
  }
  const elsewhere = line.address !== value.address || line.address_port !== value.address_port;
  if (line.connected !== null && elsewhere) {
    wrong.push(`the witness reached ${value.address}, the account has ${line.address}`);
  }
  if (wrong.length > 0) return found(line.id, "failed", wrong.join("; "));
  for (const side of SIDES) {
    const [ours, theirs] = [line[side], value[side]];
    if (ours.bytes === theirs.bytes && (ours.bytes === 0 || ours.sha256 === theirs.sha256)) continue;
    const detail =
      `what the ${side} sent is ${theirs.bytes} bytes with the digest ${theirs.sha256} to the witness, ` +
      `${ours.bytes} with ${ours.sha256} here`;
    if (value.lost) return found(line.id, "not-checked", `the channel to the witness broke off: ${detail}`);
    wrong.push(detail);
  }
  return wrong.length > 0 ? found(line.id, "failed", wrong.join("; ")) : found(line.id, "passed", "");
}

function found(connection: number | null, outcome: Outcome, detail: string): Witnessed {
  return { connection, outcome, detail };
}
