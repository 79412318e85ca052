/** Addresses as people write them (RFC 4291, 2.2), for names that are none of hosts. */

const OCTET = /^(0|[1-9][0-9]{0,2})$/;
const GROUP = /^[0-9A-Fa-f]{1,4}$/;

/** Return an address's 4 or 16 bytes in hexadecimal; one with a zone has it behind; null for what is no address. */
export function addressBytes(text: string): string | null {
  const four = version4(text);
  if (four !== null) return four;
  const zone = text.indexOf("%");
  const address = version6(zone < 0 ? text : text.slice(0, zone));
  if (address === null || zone < 0) return address;
  const name = text.slice(zone + 1);
  return name === "" || name.includes("%") ? null : address + text.slice(zone);
}

function version4(text: string): string | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => OCTET.test(part) && Number(part) < 256)) return null;
  return parts.map((part) => Number(part).toString(16).padStart(2, "0")).join("");
}

function version6(text: string): string | null {
  const whole = withGroups(text);
  if (whole === null || whole.length > 64) return null;
  const halves = whole.split("::");
  if (halves.length > 2) return null;
  const [before = [], behind = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - before.length - behind.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...before, ...new Array<string>(halves.length === 2 ? missing : 0).fill("0"), ...behind];
  if (!groups.every((group) => GROUP.test(group))) return null;
  return groups.map((group) => group.padStart(4, "0").toLowerCase()).join("");
}

/** Return *text* with an address of version 4 at its end as two groups. */
function withGroups(text: string): string | null {
  const last = text.lastIndexOf(":");
  if (!text.includes(".")) return text;
  const four = version4(text.slice(last + 1));
  return four === null || last < 0 ? null : `${text.slice(0, last + 1)}${four.slice(0, 4)}:${four.slice(4)}`;
}
