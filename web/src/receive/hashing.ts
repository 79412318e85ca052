/** SHA-256 on the phone. A page that came over plain HTTP gets no Web Crypto (Secure Contexts), so it is counted here. */

import { sha256 } from "@noble/hashes/sha2.js";
import { createSHA256 } from "hash-wasm";

import { hex } from "../bytes.js";

const PIECE = 2 * 1024 * 1024;

interface Counting {
  add(data: Uint8Array): void;
  end(): string;
}

/** Return the SHA-256 of a file in hexadecimal digits; raises `Error` for one that cannot be read. */
export async function sha256OfFile(file: Blob, onBytes: (count: number) => void): Promise<string> {
  const counting = await begin();
  for (let at = 0; at < file.size; at += PIECE) {
    const data = await read(file.slice(at, at + PIECE));
    counting.add(data);
    onBytes(at + data.length);
  }
  return counting.end();
}

/** Return the SHA-256 of a short text. */
export function sha256OfText(text: string): Uint8Array {
  return sha256(Uint8Array.from(text, (character) => character.charCodeAt(0)));
}

async function begin(): Promise<Counting> {
  try {
    const hasher = (await createSHA256()).init();
    return { add: (data) => void hasher.update(data), end: () => hasher.digest("hex") };
  } catch {
    // Older browsers let no page with a policy make WebAssembly: they do not know 'wasm-unsafe-eval' (CSP 3, 2.3.1).
    const hasher = sha256.create();
    return { add: (data) => void hasher.update(data), end: () => hex(hasher.digest()) };
  }
}

function read(piece: Blob): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(new Uint8Array(reader.result as ArrayBuffer));
    reader.onerror = () => reject(new Error("it cannot be read"));
    reader.readAsArrayBuffer(piece);
  });
}
