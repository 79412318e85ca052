/** Shows how far the check is, without drawing more often than people see or hearing every step read out. */

import type { OnProgress } from "../models.js";
import type { Words } from "./words.js";

const DRAW_AFTER = 100;
const SPEAK_AFTER = 5000;
const MEGABYTE = 1_000_000;

/** Return what hears of the progress; *announce* is read out, *words* are those of the moment. */
export function progressOf(words: () => Words, announce: (text: string) => void): OnProgress {
  let [drawn, spoken, last] = [0, 0, ""];
  return (step, done, total) => {
    const now = performance.now();
    if (step === last && now - drawn < DRAW_AFTER) return;
    [drawn, last] = [now, step];
    const percent = total > 0 ? Math.min(100, Math.floor((100 * done) / total)) : 0;
    const text = words().step(step);
    const megabytes = (bytes: number): string => words().number(Math.ceil(bytes / MEGABYTE));
    put("progress-step", text);
    put(
      "progress-bytes",
      words().say("progress.bytes", { done: megabytes(Math.min(done, total)), total: megabytes(total) }),
    );
    document.getElementById("progress")?.setAttribute("value", String(percent));
    if (now - spoken < SPEAK_AFTER) return;
    spoken = now;
    announce(`${text}. ${words().say("progress.percent", { percent })}`);
  };
}

function put(id: string, text: string): void {
  const element = document.getElementById(id);
  if (element !== null) element.textContent = text;
}
