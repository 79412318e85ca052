/** The cipher suites that Chromium offers, by IANA's numbers and names (RFC 8446, 5246, 5289, 7905). */

import { FormatError } from "../../errors.js";

export type Version = "tls/1.2" | "tls/1.3";
export type HashName = "sha256" | "sha384";

/** One cipher suite. */
export interface Suite {
  /** IANA's name. */
  readonly name: string;
  readonly version: Version;
  /** Whether the server proves itself by a signature: not with the RSA key exchange. */
  readonly signed: boolean;
  readonly cipher: "aes-gcm" | "chacha20-poly1305" | "aes-cbc";
  readonly keyBytes: number;
  /** The hash of transcript and key schedule. */
  readonly hash: HashName;
}

const NAMES: ReadonlyMap<number, string> = new Map([
  [0x1301, "TLS_AES_128_GCM_SHA256"],
  [0x1302, "TLS_AES_256_GCM_SHA384"],
  [0x1303, "TLS_CHACHA20_POLY1305_SHA256"],
  [0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"],
  [0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"],
  [0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
  [0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"],
  [0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"],
  [0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"],
  [0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"],
  [0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"],
  [0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"],
  [0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"],
  [0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"],
  [0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384"],
  [0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"],
  [0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"],
]);

const GROUPS: ReadonlyMap<number, string> = new Map([
  [0x0017, "secp256r1"],
  [0x0018, "secp384r1"],
  [0x0019, "secp521r1"],
  [0x001d, "x25519"],
  [0x001e, "x448"],
  [0x0100, "ffdhe2048"],
  [0x0101, "ffdhe3072"],
  [0x11eb, "SecP256r1MLKEM768"],
  [0x11ec, "X25519MLKEM768"],
  [0x11ed, "SecP384r1MLKEM1024"],
]);

/** Return the suite; raises `FormatError` for one that is unknown or of another version. */
export function suiteOf(number: number, version: Version): Suite {
  const name = NAMES.get(number);
  const own: Version = name?.includes("_WITH_") ? "tls/1.2" : "tls/1.3";
  if (name === undefined || own !== version) {
    throw new FormatError(`the cipher suite 0x${hexNumber(number)} is not known for ${version}`);
  }
  return {
    name,
    version,
    signed: !name.startsWith("TLS_RSA_"),
    cipher: name.includes("CHACHA20") ? "chacha20-poly1305" : name.includes("GCM") ? "aes-gcm" : "aes-cbc",
    keyBytes: name.includes("AES_128") ? 16 : 32,
    hash: name.endsWith("SHA384") ? "sha384" : "sha256",
  };
}

/** Return IANA's name of a key exchange group; an unknown one, which hinders nothing, by its number. */
export function groupName(number: number): string {
  return GROUPS.get(number) ?? `0x${hexNumber(number)}`;
}

/** Return a 2-byte number as four hexadecimal digits. */
export function hexNumber(number: number): string {
  return number.toString(16).padStart(4, "0");
}
