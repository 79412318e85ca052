/** Name constraints (RFC 5280, 4.2.1.10): which names an authority may certify. */

import { equal } from "../bytes.js";
import type { Certificate } from "./certificates.js";
import { ALTERNATIVE_NAME, alternativeNames } from "./extensions.js";
import type { GeneralName } from "./general_names.js";
import { extensionOf } from "./x509.js";

/** Comparisons in one certificate's constraints at most, lest many names with many constraints make them endless. */
const MOST = 1 << 20;

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const ATOM = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+$/;

interface Constraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

/** What a comparison that cannot be made comes to: the path is refused. */
const UNDECIDED = "undecided";

/** Return why the alternative names of *certificates* break *constraints*; undefined when they do not. */
export function breaksConstraints(constraints: Constraints, certificates: readonly Certificate[]): string | undefined {
  const { permitted, excluded } = constraints;
  const names = certificates.flatMap(({ x509 }) => {
    const value = extensionOf(x509, ALTERNATIVE_NAME);
    return value ? alternativeNames(value) : [];
  });
  if (names.length * (permitted.length + excluded.length) > MOST) return "too many names and constraints";
  for (const name of names) {
    const same = ({ kind }: GeneralName) => kind === name.kind;
    const within = decide(permitted.filter(same), (constraint) => matches(constraint, name, true));
    if (within === UNDECIDED || within === false) return "a name is not among those that an authority may certify";
    const without = decide(excluded.filter(same), (constraint) => matches(constraint, name, false));
    if (without === UNDECIDED || without === true) return "a name is among those that an authority must not certify";
  }
  return undefined;
}

type Decision = boolean | typeof UNDECIDED;

/** Whether one of *constraints* fits; undefined when there is none. The first that cannot be decided decides. */
function decide(constraints: readonly GeneralName[], fits: (one: GeneralName) => Decision): Decision | undefined {
  if (constraints.length === 0) return undefined;
  for (const constraint of constraints) {
    const found = fits(constraint);
    if (found !== false) return found;
  }
  return false;
}

/** Whether *name* lies below *constraint*; *all* says whether every name that a pattern with `*` stands for must. */
function matches(constraint: GeneralName, name: GeneralName, all: boolean): Decision {
  switch (name.kind) {
    case "dns":
      return matchesDns(constraint.text, name.text, all);
    case "ip":
      return matchesAddress(constraint.bytes, name.bytes);
    case "email":
      return matchesEmail(constraint.text, name.text);
    default:
      return UNDECIDED;
  }
}

/** Return the labels of a host, lower case, the last first; undefined when it is none (RFC 1123, 2.1). */
function labelsOf(host: string): string[] | undefined {
  const labels = host.toLowerCase().split(".");
  return host.length <= 253 && labels.every((label) => LABEL.test(label)) ? labels.reverse() : undefined;
}

function begins(whole: readonly string[], part: readonly string[]): boolean {
  return part.length <= whole.length && part.every((label, at) => label === whole[at]);
}

function matchesDns(constraint: string, name: string, all: boolean): Decision {
  const above = labelsOf(constraint);
  const pattern = name.startsWith("*.");
  const labels = labelsOf(pattern ? name.slice(2) : name);
  if (above === undefined || labels === undefined) return UNDECIDED;
  if (pattern && !all && above.length === labels.length + 1 && begins(above, labels)) return true;
  return begins(labels, above);
}

function matchesAddress(constraint: Uint8Array, address: Uint8Array): Decision {
  const size = constraint.length / 2;
  if ((size !== 4 && size !== 16) || (address.length !== 4 && address.length !== 16)) return UNDECIDED;
  if (address.length !== size) return false;
  const masked = address.map((byte, at) => byte & (constraint[size + at] as number));
  return equal(masked, constraint.subarray(0, size));
}

interface Email {
  readonly box: string;
  readonly host: string[];
}

/** Read an address without quotes (RFC 5321, 4.1.2). */
function emailOf(address: string): Email | undefined {
  const at = address.indexOf("@");
  const host = labelsOf(address.slice(at + 1));
  const box = address.slice(0, Math.max(at, 0));
  return host && box.split(".").every((atom) => ATOM.test(atom)) ? { box, host } : undefined;
}

function matchesEmail(constraint: string, name: string): Decision {
  const email = emailOf(name);
  if (email === undefined) return UNDECIDED;
  const exact = emailOf(constraint);
  if (exact) return exact.box === email.box && exact.host.join() === email.host.join();
  const below = constraint.startsWith(".");
  const host = labelsOf(below ? constraint.slice(1) : constraint);
  if (host === undefined) return UNDECIDED;
  return begins(email.host, host) && (below ? email.host.length > host.length : email.host.length === host.length);
}
