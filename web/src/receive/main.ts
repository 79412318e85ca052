/** The page on the phone: join, choose, count, send, compare. */

import { Trouble, finish, join, send, type Finished, type Joined } from "./asking.js";
import { sha256OfFile } from "./hashing.js";
import { say, type Language } from "./texts.js";
import { view, type Row, type State } from "./view.js";

const state: State = {
  language: navigator.language.toLowerCase().startsWith("en") ? "en" : "mn",
  joined: null,
  rows: [],
  busy: false,
  sure: false,
  problem: null,
  finished: null,
};
/** Milliseconds after which the computer is told that somebody is still here: counting a long film takes minutes. */
const STILL_HERE = 20_000;
const app = document.getElementById("app") as HTMLElement;
const status = document.getElementById("status") as HTMLElement;

/** It lives as long as the page: what a picker brings back must find it, however often the page was drawn meanwhile. */
const picker = document.createElement("input");
picker.type = "file";
picker.multiple = true;
picker.id = "pick";
picker.className = "choosing";
picker.addEventListener("change", () => {
  choose(Array.from(picker.files ?? []));
  picker.value = "";
});

function draw(): void {
  document.documentElement.lang = state.language;
  const focused = document.activeElement?.id;
  app.textContent = "";
  app.append(view(state, picker, { begin, speak, proceed, end }));
  if (focused) document.getElementById(focused)?.focus();
}

function speak(language: Language): void {
  state.language = language;
  draw();
}

async function begin(): Promise<void> {
  await trying(async () => {
    const joined: Joined = await join();
    state.joined = joined;
    const there = joined.files.filter((file) => file.whole);
    state.rows = there.map((file) => ({ ...file, file: null, state: "sent", problem: null }));
  });
}

function choose(files: readonly File[]): void {
  for (const file of files) {
    const same = (row: Row): boolean => row.file?.lastModified === file.lastModified && row.file.name === file.name;
    if (state.rows.some((row) => same(row) && row.size === file.size)) continue;
    state.rows.push({ file, name: file.name, size: file.size, sha256: "", state: "waiting", problem: null });
  }
  state.sure = false;
  void proceed();
}

/** Send what waits, one after another. */
async function proceed(): Promise<void> {
  if (state.busy) return draw();
  state.busy = true;
  for (const row of state.rows) if (row.problem !== null) Object.assign(row, { problem: null, state: "waiting" });
  for (let row = next(); row !== undefined; row = next()) {
    await sent(row);
    if (row.problem === "gone") break; // the others would only wait as long
  }
  state.busy = false;
  draw();
}

const next = (): Row | undefined => state.rows.find((row) => row.state === "waiting" && row.problem === null);

async function sent(row: Row): Promise<void> {
  const progress = (at: number): void => {
    const bar = document.getElementById("progress") as HTMLProgressElement | null;
    if (bar !== null) bar.value = row.size === 0 ? 1 : at / row.size;
  };
  const file = row.file as File;
  let heard = Date.now();
  try {
    row.state = "counting";
    draw();
    row.sha256 = await sha256OfFile(file, (at) => {
      progress(at);
      if (Date.now() - heard < STILL_HERE) return;
      heard = Date.now();
      join().catch(() => undefined); // if nobody answers, sending will say so
    });
  } catch {
    return void Object.assign(row, { state: "waiting", problem: "unreadable" });
  }
  try {
    row.state = "sending";
    draw();
    await send(file, row.sha256, (state.joined as Joined).piece, progress);
    row.state = "sent";
    status.textContent = `${row.name}: ${say(state.language, "page.sent")}`;
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    Object.assign(row, { state: "waiting", problem: error.problem });
  }
}

async function end(): Promise<void> {
  if (state.rows.some((row) => row.state !== "sent") && !state.sure) {
    state.sure = true;
    return draw();
  }
  await trying(async () => {
    const finished: Finished = await finish();
    state.finished = finished;
    status.textContent = say(state.language, "page.finished");
    scrollTo(0, 0);
  });
}

async function trying(work: () => Promise<void>): Promise<void> {
  if (state.busy) return;
  state.busy = true;
  state.problem = null;
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    state.problem = error.problem;
    status.textContent = say(state.language, `problem.${error.problem}`);
  } finally {
    state.busy = false;
    draw();
  }
}

draw();
