/** The level of a signature (ETSI EN 319 142-1, 6; evidence-format.md, 7), told from what lies with it. */

import { type Certificate, chainOf } from "../trust/certificates.js";
import { isReadable, namesAPlace, type Standing, standingOf } from "../trust/revocation.js";
import { holds, type Level, type SignatureFindings, type ValidationData } from "./findings.js";

const SUFFICIENT: ReadonlySet<Standing> = new Set<Standing>(["not revoked", "revoked later"]);

/**
 * Raise B-B to what stamps and validation data make of it: *store* is that of the newest revision, *archived* that of
 * the one which the last document time stamp covers.
 */
export async function withLevels(
  signatures: readonly SignatureFindings[],
  store: ValidationData,
  archived: ValidationData,
): Promise<SignatureFindings[]> {
  const last = lastArchive(signatures);
  const found = [];
  for (const each of signatures) {
    let level: Level = each.level;
    if (level === "PAdES B-B" && each.stamp !== undefined) {
      const behind = last !== undefined && last.coveredEnd > each.coveredEnd;
      if (behind && (await suffices(each, archived))) level = "PAdES B-LTA";
      else level = (await suffices(each, store)) ? "PAdES B-LT" : "PAdES B-T";
    }
    found.push({ ...each, level });
  }
  return found;
}

/** Return the last document time stamp that holds. */
export function lastArchive(signatures: readonly SignatureFindings[]): SignatureFindings | undefined {
  return [...signatures].reverse().find((each) => each.level === "document timestamp" && holds(each));
}

/** Whether *store* and the signature hold what shows that signer and authority stood when it was stamped. */
async function suffices({ certificate, stamp, embedded }: SignatureFindings, store: ValidationData): Promise<boolean> {
  if (certificate === undefined || stamp === undefined) return false;
  const known = { ...store, certificates: [...store.certificates, ...embedded, ...stamp.embedded] };
  if (!(await isShown(certificate, known, stamp.time, true))) return false;
  return isShown(stamp.certificate, known, stamp.time, false);
}

/** Whether *known* shows that *certificate*, and each above it, stood at the time *at*; if *told*, by a statement. */
async function isShown(certificate: Certificate, known: ValidationData, at: number, told: boolean): Promise<boolean> {
  const path = [certificate, ...(await chainOf(certificate, known.certificates.filter(isReadable)))];
  if (path.at(-1)?.selfSigned !== true || path.length === 1) return false;
  for (let place = 0; place + 1 < path.length; place++) {
    const [found, issuer] = [path[place] as Certificate, path[place + 1] as Certificate];
    const { standing } = await standingOf(found, issuer, known.statements, at);
    if (SUFFICIENT.has(standing)) continue;
    if (standing !== "unknown" || namesAPlace(found) || (told && found === certificate)) return false;
  }
  return true;
}
