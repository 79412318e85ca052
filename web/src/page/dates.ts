/** Times as Mongolian and English official papers write them; mirrors `evidence_kit.bundle.mongolian_dates`. */

import type { Language } from "./words.js";

const OFFSET = 8 * 3600 * 1000;
// нэг, дөрөв, ес and арван нэг have front vowels; every other month's number ends in back vowels.
const FRONT_MONTHS: readonly number[] = [1, 4, 9, 11];
const FRONT_LAST_DIGITS: readonly number[] = [1, 4, 9];
const ENGLISH_MONTHS = "January February March April May June July August September October November December".split(
  " ",
);

/** Return *time* (ms since 1970) in Ulaanbaatar, to the minute: `… өдөр 14 цаг 05 минут (Улаанбаатар, UTC+8)`. */
export function moment(time: number, language: Language): string {
  const local = new Date(time + OFFSET);
  const [hour, minute] = [local.getUTCHours(), local.getUTCMinutes()].map((part) => String(part).padStart(2, "0"));
  if (language === "mn") return `${mongolianDate(local)} ${hour} цаг ${minute} минут (Улаанбаатар, UTC+8)`;
  const day = `${local.getUTCDate()} ${ENGLISH_MONTHS[local.getUTCMonth()]} ${local.getUTCFullYear()}`;
  return `${day}, ${hour}:${minute} (Ulaanbaatar, UTC+8)`;
}

/** Return *time* in Ulaanbaatar, to the second, where there is little room: `2026-11-21 14:05:09 (UTC+8)`. */
export function stamp(time: number): string {
  return `${new Date(time + OFFSET).toISOString().slice(0, 19).replace("T", " ")} (UTC+8)`;
}

/** Return *time* in UTC, to the second: `2026-11-21T06:05:09Z`. */
export function utc(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}

function mongolianDate(local: Date): string {
  const [month, day] = [local.getUTCMonth() + 1, local.getUTCDate()];
  const nth = FRONT_MONTHS.includes(month) ? "дүгээр" : "дугаар";
  const ending = FRONT_LAST_DIGITS.includes(day % 10) ? "ний" : "ны";
  return `${local.getUTCFullYear()} оны ${month} ${nth} сарын ${day}-${ending} өдөр`;
}
