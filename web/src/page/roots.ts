/** Root certificates: those that a court chose, those that the judge adds, and those that only the evidence names. */

import { readZip } from "../archive/zip.js";
import { type Bytes, unbase64 } from "../bytes.js";
import { attempt, FormatError } from "../errors.js";
import { readBlob } from "../tree.js";
import { type Certificate, distinct, loadCertificates } from "../trust/certificates.js";
import type { Chosen } from "./files.js";

/** Where `court-kit` puts what the court chose; in every other copy of the page it says `null`. */
const SLOT = "court-kit";
const SCHEMA = "evidence-kit/court-roots/1";
const IN_EVIDENCE = /^[^/]+\/(?:data\/(?:previous\/[0-9]+\/)?)?trust\/[^/]+\.pem$/;
const LARGEST = 256 * 1024;
const MOST_FILES = 500;

/** A court's own choice. */
export interface Kit {
  /** When it was made, RFC 3339. */
  readonly made: string;
  readonly officers: readonly Certificate[];
  readonly authorities: readonly Certificate[];
}

/** Return what the court chose, or null in a copy that is not a court's; raises `FormatError` when it was damaged. */
export function courtKit(): Kit | null {
  const said: unknown = JSON.parse(document.getElementById(SLOT)?.textContent ?? "null");
  if (said === null) return null;
  if (!isSaid(said)) throw new FormatError("what the court chose is not said as it must be");
  const read = (list: readonly string[]): Certificate[] => list.flatMap((each) => loadCertificates(unbase64(each)));
  return { made: said.made, officers: read(said.officers), authorities: read(said.authorities) };
}

interface Said {
  readonly made: string;
  readonly officers: readonly string[];
  readonly authorities: readonly string[];
}

function isSaid(value: unknown): value is Said {
  if (typeof value !== "object" || value === null) return false;
  const said = value as { readonly [key: string]: unknown };
  const texts = (list: unknown): boolean => Array.isArray(list) && list.every((each) => typeof each === "string");
  return (
    said["schema"] === SCHEMA &&
    typeof said["made"] === "string" &&
    texts(said["officers"]) &&
    texts(said["authorities"])
  );
}

/** Return all roots that are believed, as the verifier takes them: a practice root vouches for practice keys only. */
export function believed(
  kit: Kit | null,
  given: readonly Certificate[],
): { established: Certificate[]; practice: Certificate[] } {
  const all = distinct([...(kit?.officers ?? []), ...(kit?.authorities ?? []), ...given]);
  return { established: all.filter((root) => !root.practice), practice: all.filter((root) => root.practice) };
}

/** Return the certificates in a file that the judge gives; raises `FormatError` when there is none. */
export async function readCertificates(name: string, file: Blob): Promise<Certificate[]> {
  if (file.size > LARGEST) throw new FormatError("it is too large for a certificate");
  return loadCertificates(await readBlob(file, name)).filter(isReadable);
}

/** Return the roots that lie with the evidence: nothing but its own claim. What is broken, its own check tells. */
export async function claimedRoots({ files }: Chosen): Promise<Certificate[]> {
  const found: Certificate[] = [];
  for (const [, file] of (await within(files)).filter(([path]) => IN_EVIDENCE.test(path)).slice(0, MOST_FILES)) {
    if (file.size > LARGEST) continue;
    const read = await attempt(async () => roots(await readBlob(file, "certificates")));
    if (!(read instanceof FormatError)) found.push(...read);
  }
  return distinct(found);
}

function roots(data: Bytes): Certificate[] {
  return loadCertificates(data)
    .filter(isReadable)
    .filter((certificate) => certificate.selfSigned);
}

/** Whether all that is shown of *certificate* can be read; raises `FormatError` when it cannot. */
function isReadable(certificate: Certificate): boolean {
  return certificate.subject !== undefined && certificate.practice !== undefined;
}

/** Return the files themselves, or those in the one zip. */
async function within(files: Chosen["files"]): Promise<readonly (readonly [string, Blob])[]> {
  const [only] = files;
  if (only === undefined || files.length > 1 || only[0].includes("/")) return files;
  const zip = await attempt(() => readZip(only[1]));
  return zip instanceof FormatError ? [] : [...zip.entries];
}
