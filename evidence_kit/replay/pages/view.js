// The page on which evidence is looked at. It holds nothing that was not revealed: what the server does not give out
// before a reveal, it cannot show. Text from outside comes made visible, and is only ever put in as text.

"use strict";

const PARTS = ["replay", "pictures", "text", "ledger"];
const COLUMNS = ["n", "started", "method", "url", "type", "outcome", "status", "mime", "body_bytes"];
const LOST = new Set(["truncated", "failed", "not-recorded"]);

let words = {};
let overview = {};
let language = "en";
/** The item that is shown: its neutral facts, and for each part what was revealed of it. */
let shown = null;
let part = "replay";
let purpose = "";

const one = (selector) => document.querySelector(selector);

/** A sentence in the language that is spoken, with values in their places. */
function say(key, values = {}) {
  return (words[language][key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The words for a code; the code itself where there are none. */
const word = (group, code) => words[language][`${group}.${code}`] ?? String(code);

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

async function ask(path, value) {
  const options = value === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value),
  };
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error(say("page.lost"));
  }
  const found = answer.headers.get("Content-Type") === "application/json" ? await answer.json() : {};
  if (answer.ok) return found;
  const problem = say("page.trouble", { problem: found.said?.[language] ?? answer.status });
  const hint = found.hint?.[language];
  throw new Error(hint ? `${problem}\n${say("page.hint", { hint })}` : problem);
}

/** Do something, and tell what went wrong with it. */
async function tried(action) {
  one("#trouble").textContent = "";
  try {
    await action();
  } catch (error) {
    one("#news").textContent = "";
    one("#trouble").textContent = error.message;
  }
}

// -- the frame of the page

function speak(chosen) {
  language = chosen;
  document.documentElement.lang = chosen;
  document.title = say("page.title");
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = say(element.dataset.say);
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.dataset.label));
  }
  for (const each of ["mn", "en"]) one(`#speak-${each}`).setAttribute("aria-pressed", String(each === chosen));
  one("#kind").textContent = say(`kind.${overview.kind}`);
  one("#practice").hidden = !overview.practice;
  one("#rule").textContent = overview.logged ? say("page.logged", { officer: overview.officer }) : say("page.not-logged");
  one("#news").textContent = "";
  drawItems();
  if (shown) drawItem();
}

function drawItems() {
  const several = overview.items.length > 1;
  one("#items").hidden = !several;
  one("#whole").className = several ? "several" : "";
  one("#items ul").replaceChildren(...overview.items.map(({ id, status, source, sealed }) => make("li", {},
    make("button", { type: "button", "aria-current": String(shown?.facts.id === id), onclick: () => choose(id) },
      id, make("small", {}, [word(states(source), status), ...(sealed ? [say("page.sealed")] : [])].join(" · "))))));
}

async function choose(id, { first = false } = {}) {
  await tried(async () => {
    await hideAll();
    shown = { facts: await ask(`items/${encodeURIComponent(id)}`), revealed: {} };
    one("#news").textContent = "";
    drawItems();
    drawItem();
    if (!first) one("#item").focus({ preventScroll: true });
  });
}

async function hideAll() {
  for (const { grant } of Object.values(shown?.revealed ?? {})) await ask("hide", { grant });
}

// -- one item

function drawItem() {
  const { facts } = shown;
  const tabs = PARTS.map((each) => make("button", {
    type: "button", role: "tab", id: `tab-${each}`, "aria-controls": "panel", "aria-selected": String(each === part),
    tabindex: each === part ? "0" : "-1", onclick: () => turn(each), onkeydown: turnByKey,
  }, say(`tabs.${each}`)));
  one("#item").replaceChildren(
    make("h2", {}, facts.id),
    factsOf(facts),
    facts.sealed
      ? make("p", { class: "alarm" }, say("reveal.sealed"))
      : make("div", {}, make("div", { role: "tablist", "aria-label": say("tabs.label") }, ...tabs),
        make("div", { role: "tabpanel", id: "panel", tabindex: "0", "aria-labelledby": `tab-${part}` })),
  );
  if (!facts.sealed) drawPart();
}

/** What was handed over, or made of other items, was recorded by nobody here, and has words of its own. */
function states(source) {
  return source === "supplied" || source === "derived" ? source : "status";
}

function factsOf(facts) {
  const counts = Object.entries(facts.requests).filter(([, count]) => count);
  const list = (group, codes) => codes.length ? codes.map((code) => word(group, code)).join("; ") : say("facts.none");
  const pairs = [
    ["status", word(states(facts.source), facts.status)],
    ["started", plainTime(facts.started)],
    ["finished", plainTime(facts.finished)],
    ...(states(facts.source) !== "status" ? [] : [
      ["recorder", word("recorders", facts.recorder)],
      ["http_status", facts.http_status ?? say("facts.none")],
    ]),
    ...(facts.sealed ? [] : [["pictures", String(facts.pictures.length)]]),
    ["problems", list("problems", [...new Set(facts.problems)])],
    ...(facts.flags.length ? [["flags", list("flags", facts.flags)]] : []),
  ].map(([name, value]) => [say(`facts.${name}`), value]);
  const requests = counts.sort(([code]) => (code === "requests" ? -1 : 0)).map(([code, count]) => [word("requests", code), String(count)]);
  return make("details", { open: !Object.keys(shown.revealed).length }, make("summary", {}, say("facts.heading")),
    make("dl", {}, ...[...pairs, ...requests].flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)])));
}

/** Text in a box that is no higher than a few lines, so that it does not push away what comes after it. */
const long = (text) => text.length > 300 ? make("div", { class: "long", tabindex: "0" }, text) : text;

const plainTime = (time) => String(time ?? "").replace("T", " ").replace(/(\.\d+)?Z$/, "");

function turn(to) {
  part = to;
  drawItem();
  one(`#tab-${to}`).focus();
}

function turnByKey(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const end = { Home: 0, End: PARTS.length - 1 }[event.key];
  if (step === undefined && end === undefined) return;
  event.preventDefault();
  turn(PARTS[end ?? (PARTS.indexOf(part) + step + PARTS.length) % PARTS.length]);
}

function drawPart() {
  const [panel, open] = [one("#panel"), shown.revealed[part]];
  if (!shown.facts.parts[part]) panel.replaceChildren(make("p", {}, say("reveal.missing")));
  else if (!open) panel.replaceChildren(question(), ...(part === "replay" || part === "pictures" ? [veiled()] : []));
  else panel.replaceChildren(bar(), checked(open), ...DRAWN[part](open));
}

function question() {
  const field = make("input", {
    id: "purpose", name: "purpose", autocomplete: "off", maxlength: "2000", required: true, "aria-describedby": "purpose-note",
    oninput: () => { purpose = field.value; },
  });
  field.value = purpose;
  const form = make("form", { class: "reveal", novalidate: true, onsubmit: (event) => { event.preventDefault(); reveal(field); } },
    part === "replay" ? make("p", overview.enclosed ? { class: "note" } : { class: "alarm", id: "open" },
      say(overview.enclosed ? "replay.enclosed" : "replay.open")) : null,
    make("label", { for: "purpose" }, say("reveal.purpose")), field,
    make("p", { class: "note", id: "purpose-note" }, say("reveal.purpose-note")),
    make("button", { class: "main", id: "reveal" }, say(`reveal.${part}`)));
  return form;
}

function veiled() {
  const { id, pictures } = shown.facts;
  if (!pictures.length) return make("p", { class: "note" }, say("blur.none"));
  if (shown.facts.flags.includes("sensitive")) return make("p", { class: "note" }, say("blur.sensitive"));
  return make("div", { class: "veiled" }, ...pictures.map(({ role }, number) => {
    const caption = say("blur.caption", { role: word("roles", role) });
    const image = make("img", { alt: caption, loading: "lazy", src: `blurred/${encodeURIComponent(id)}/${number}` });
    image.addEventListener("error", () => image.replaceWith(say("blur.broken")));
    return make("figure", {}, make("figcaption", {}, caption), make("div", { class: "crop" }, image));
  }));
}

async function reveal(field) {
  const [button, before] = [one("#reveal"), document.activeElement];
  await tried(async () => {
    if (!purpose.trim()) {
      field.setAttribute("aria-invalid", "true");
      field.focus();
      throw new Error(say("reveal.empty"));
    }
    button.disabled = true;
    one("#news").textContent = say("reveal.working");
    const open = await ask("reveal", { item: shown.facts.id, part, purpose });
    shown.revealed[part] = open;
    one("#news").textContent = open.event === null ? say("reveal.done-unlogged") : say("reveal.done", { event: open.event });
    drawItem();
    one("#hide").focus();
  });
  button.disabled = false;
  // A button that is switched off loses the focus.
  if (document.activeElement === document.body && before.isConnected) before.focus();
}

function bar() {
  return make("div", { class: "bar" }, make("button", { type: "button", id: "hide", onclick: hide }, say("reveal.hide")));
}

async function hide() {
  const { grant } = shown.revealed[part];
  // Out of sight first, whatever the server says.
  delete shown.revealed[part];
  drawPart();
  one("#news").textContent = say("reveal.hidden");
  one("#panel").focus();
  await tried(() => ask("hide", { grant }));
}

function checked({ files }) {
  const named = (right) => files.filter(({ matches }) => matches === right).map(({ path }) => path).join(", ");
  const [right, wrong] = [named(true), named(false)];
  return make("div", {},
    wrong ? make("p", { class: "alarm", id: "differs" }, `✗ ${say("check.differs", { path: wrong })}`) : null,
    right ? make("p", { class: "note" }, `✓ ${say("check.matches", { path: right })} ${say("check.whole")}`) : null);
}

// -- the parts, revealed

const DRAWN = { replay: drawReplay, pictures: drawPictures, text: drawText, ledger: drawLedger };

function drawReplay({ grant, pages, url, final_url: final }) {
  // The frame in it holds the recorded page: no windows, no leaving it, nothing asked of other servers.
  const frame = make("iframe", { title: say("replay.frame"), id: "replay", src: `frame/${grant}?0` });
  const choice = make("select", { id: "pages", onchange: () => { frame.src = `frame/${grant}?${choice.value}`; } },
    ...pages.map((page, n) => make("option", { value: n }, [page.title, page.url, plainTime(page.time)].filter(Boolean).join(" · "))));
  const links = [["link", url], ...(final && final !== url ? [["final", final]] : [])];
  return [
    make("p", { class: "note" }, overview.enclosed ? `${say("replay.about")} ${say("replay.enclosed")}` : say("replay.about")),
    overview.enclosed ? null : make("p", { class: "alarm" }, say("replay.open")),
    make("dl", {}, ...links.flatMap(([name, value]) => [make("dt", {}, say(`replay.${name}`)), make("dd", {}, long(value))])),
    // The list of pages is the archive's own, and may name another page than the item does.
    pages.length > 1 || ![url, final].includes(pages[0].url) ? make("p", { class: "bar" }, make("label", { for: "pages" }, say("replay.page")), choice) : null,
    frame,
  ].filter(Boolean);
}

function drawPictures({ grant, files }) {
  return files.map(({ role }, number) => {
    const caption = word("roles", role);
    return make("figure", {}, make("figcaption", {}, caption), make("img", { src: `shown/${grant}/${number}`, alt: caption }));
  });
}

function drawText({ grant, files }) {
  return files.map(({ role }, number) => {
    const [text, cut] = [make("pre", { dir: "auto", tabindex: "0" }), make("p", { class: "note" })];
    tried(async () => {
      const found = await ask(`shown/${grant}/${number}`);
      text.textContent = found.text;
      cut.textContent = found.cut ? say("text.cut") : "";
    });
    return make("section", {}, make("h3", {}, word("roles", role)), text, cut);
  });
}

function drawLedger({ grant }) {
  const rows = make("tbody");
  const nothing = make("p", { hidden: true }, say("ledger.nothing"));
  const more = make("button", { type: "button", hidden: true, onclick: () => load() }, say("ledger.more"));
  const box = make("input", { type: "checkbox", id: "only-missing", onchange: () => { rows.replaceChildren(); load(); } });
  const load = () => tried(async () => {
    const found = await ask(`shown/${grant}/rows?from=${rows.childElementCount}&missing=${Number(box.checked)}`);
    rows.append(...found.rows.map(ledgerRow));
    more.hidden = !found.more;
    nothing.hidden = rows.childElementCount > 0;
  });
  load();
  return [
    make("p", {}, make("label", {}, box, " ", say("ledger.only-missing"))),
    make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": say("ledger.caption") }, make("table", {},
      make("caption", {}, say("ledger.caption")),
      make("thead", {}, make("tr", {}, ...COLUMNS.map((name) => make("th", { scope: "col" }, say(`ledger.${name}`))))),
      rows)),
    nothing, more,
  ];
}

function ledgerRow(row) {
  const outcome = [word("requests", row.outcome), row.reason].filter(Boolean).join(": ");
  const cells = { ...row, outcome, started: plainTime(row.started).slice(11) };
  const kinds = { url: "link", n: "number", status: "number", body_bytes: "number", started: "time", outcome: "outcome" };
  return make("tr", { class: LOST.has(row.outcome) ? "lost" : null },
    ...COLUMNS.map((name) => make("td", { class: kinds[name] }, long(String(cells[name] ?? "")))));
}

// -- the beginning

tried(async () => {
  [words, overview] = await Promise.all([ask("words.json"), ask("overview.json")]);
  for (const each of ["mn", "en"]) one(`#speak-${each}`).addEventListener("click", () => speak(each));
  speak(overview.language);
  if (overview.items.length) await choose(overview.items[0].id, { first: true });
});
