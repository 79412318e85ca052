/** What a person chose or dropped, as the verifier takes it. */

import { FormatError } from "../errors.js";

/** Files by path: one alone by its name, those of a folder below its name; and folders that hold nothing. */
export interface Chosen {
  readonly files: readonly (readonly [path: string, file: File])[];
  readonly empty: readonly string[];
}

/** What files that were chosen one by one are said to lie in. */
const TOP = "files";
const CERTIFICATE = /\.(?:pem|crt|cer|der)$/i;

/** Whether all that was chosen looks like certificates, not like evidence. */
export function areCertificates({ files }: Chosen): boolean {
  return (
    files.length > 0 && files.every(([path]) => CERTIFICATE.test(path) && !path.slice(TOP.length + 1).includes("/"))
  );
}

/** Return what was chosen with a button. */
export function chosen(list: Iterable<File>): Chosen {
  const files = [...list].map((file) => [file.webkitRelativePath || file.name, file] as const);
  return { files: together(files), empty: [] };
}

/** What was dropped: a file, or a folder. */
type Dropped =
  | { readonly name: string; readonly file: () => Promise<File> }
  | { readonly name: string; readonly inside: () => Promise<Dropped[]> };

/** What a browser gives for a file or folder, beyond what is declared of it. */
interface Handle {
  readonly kind: "file" | "directory";
  readonly name: string;
  getFile(): Promise<File>;
  values(): AsyncIterable<Handle>;
}

/** Return what was dropped; raises `FormatError` when it cannot be read. *items* is empty after the event. */
export async function dropped(items: DataTransferItemList): Promise<Chosen> {
  const asked = [...items].filter((item) => item.kind === "file").map(ofItem);
  const files: (readonly [string, File])[] = [];
  const empty: string[] = [];
  try {
    const found = (await Promise.all(asked)).filter((each) => each !== null);
    const waiting = found.map((each) => [each.name, each] as const);
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [path, each] = next;
      if ("file" in each) {
        files.push([path, await each.file()]);
        continue;
      }
      const inside = await each.inside();
      if (inside.length === 0) empty.push(path);
      waiting.push(...inside.map((below) => [`${path}/${below.name}`, below] as const));
    }
  } catch (error) {
    if (error instanceof DOMException) throw new FormatError(error.message);
    throw error;
  }
  return { files: together(files), empty };
}

/** Chromium reads entries only of pages that came from a server, Firefox has no handles. */
async function ofItem(item: DataTransferItem): Promise<Dropped | null> {
  if ("getAsFileSystemHandle" in item) {
    const handle = await (item.getAsFileSystemHandle as () => Promise<Handle | null>)();
    return handle && ofHandle(handle);
  }
  const entry = item.webkitGetAsEntry();
  return entry && ofEntry(entry);
}

function ofHandle(handle: Handle): Dropped {
  const { name } = handle;
  if (handle.kind === "file") return { name, file: () => handle.getFile() };
  const inside = async (): Promise<Dropped[]> => {
    const found: Dropped[] = [];
    for await (const each of handle.values()) found.push(ofHandle(each));
    return found;
  };
  return { name, inside };
}

function ofEntry(entry: FileSystemEntry): Dropped {
  const { name } = entry;
  if (isFile(entry)) return { name, file: () => asPromise<File>(entry.file.bind(entry)) };
  return { name, inside: () => entriesOf((entry as FileSystemDirectoryEntry).createReader()) };
}

/** The browser gives a part of a folder at a time, and nothing at its end. */
async function entriesOf(reader: FileSystemDirectoryReader): Promise<Dropped[]> {
  const found: Dropped[] = [];
  for (;;) {
    const some = await asPromise<FileSystemEntry[]>(reader.readEntries.bind(reader));
    if (some.length === 0) return found;
    found.push(...some.map(ofEntry));
  }
}

/** Several files beside one another count as a folder. */
function together(files: readonly (readonly [string, File])[]): readonly (readonly [string, File])[] {
  const tops = new Set(files.map(([path]) => path.split("/")[0]));
  return tops.size < 2 ? files : files.map(([path, file]) => [`${TOP}/${path}`, file]);
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

function asPromise<Value>(
  ask: (found: (value: Value) => void, failed: (error: DOMException) => void) => void,
): Promise<Value> {
  return new Promise(ask);
}
