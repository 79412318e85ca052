// Builds verify.html and receive.html, each one file without any other, and, for the tests, the verifier for Node.
//
//   node build.mjs                   build/web/verify.html; receive.html: what a phone is shown by `evidence-kit receive`;
//                                    and replay/: what `evidence-kit view` replays with
//   node build.mjs --harness FILE    the same page, which shows the reports that it is given as they are
//   node build.mjs --tests           build/web/node/*.mjs: the verifier as a command (verify.mjs PATH), and the unit tests
//
// Two builds of one source give the same bytes: nothing of the time, the machine or the folder enters them.

import { createHash } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import asc from "assemblyscript/asc";
import { build } from "esbuild";
import { parse } from "smol-toml";

const HERE = dirname(fileURLToPath(import.meta.url));
const PROJECT = dirname(HERE);
const OUT = join(PROJECT, "build", "web");

/** Every sentence that people read, by language: templates/verify, and the titles of the checks of templates/cli. */
async function texts() {
  const found = {};
  for (const language of ["en", "mn"]) {
    const own = parse(await readFile(join(PROJECT, "templates", "verify", `${language}.toml`), "utf8"));
    const cli = parse(await readFile(join(PROJECT, "templates", "cli", `${language}.toml`), "utf8"));
    found[language] = { ...own, check: cli.check ?? {} };
  }
  // The program carries the English ones.
  found.mn.details = parse(await readFile(join(PROJECT, "templates", "verify", "details.mn.toml"), "utf8")).details;
  return found;
}

/** The sentences of the page for the phone, by language. */
async function textsOfReceive() {
  const found = {};
  for (const language of ["en", "mn"]) {
    found[language] = parse(await readFile(join(PROJECT, "templates", "receive", `${language}.toml`), "utf8"));
  }
  return found;
}

/** What is written in AssemblyScript, NAME.ts, is imported as NAME.wasm: its bytes. */
const assembly = {
  name: "assembly",
  setup({ onLoad, onResolve }) {
    const namespace = "assembly";
    onResolve({ filter: /\/assembly\/[a-z0-9]+\.wasm$/ }, ({ path }) => ({ path: basename(path, ".wasm"), namespace }));
    onLoad({ filter: /./, namespace }, async ({ path }) => ({ contents: await assembled(path), loader: "binary" }));
  },
};

const assembledBefore = new Map();

/** Compile assembly/NAME.ts, once. */
async function assembled(name) {
  if (!assembledBefore.has(name)) assembledBefore.set(name, compile(name));
  return assembledBefore.get(name);
}

async function compile(name) {
  let found;
  const options = ["-O3", "--noAssert", "--runtime", "stub", "--use", "abort=", "--baseDir", join(HERE, "assembly")];
  const writeFile = (_, contents) => void (found = contents);
  const { error, stderr } = await asc.main([`${name}.ts`, "--outFile", `${name}.wasm`, ...options], { writeFile });
  if (error) throw new Error(`${error.message}\n${stderr}`);
  return found;
}

async function bundle(entry, options) {
  const result = await build({
    entryPoints: [join(HERE, entry)],
    absWorkingDir: HERE,
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    plugins: [assembly],
    define: { TEXTS: JSON.stringify(await texts()) },
    ...options,
  });
  return result.outputFiles[0].text;
}

// Helpers are begun from the page's very script (src/processes.ts), and are held to its policy too.
const PAGE_RULES = ["worker-src blob:", "img-src data: blob:"];

async function page(entry, output, { name = "page", rules = PAGE_RULES, ...options } = {}) {
  const made = await bundle(entry, { platform: "browser", minify: true, ...options });
  const script = made.replaceAll("</script", "<\\/script");
  const style = await readFile(join(HERE, "src", name, `${name}.css`), "utf8");
  const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  const policy = [
    "default-src 'none'",
    `script-src ${hash(script)} 'wasm-unsafe-eval'`,
    `style-src ${hash(style)}`,
    ...rules,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const template = await readFile(join(HERE, "src", name, `${name}.html`), "utf8");
  const parts = { POLICY: policy, STYLE: style, SCRIPT: script };
  const whole = template.replace(/\{\{([A-Z]+)\}\}/g, (_, name) => parts[name]);
  await writeFile(output, whole);
}

async function forNode() {
  const folder = join(OUT, "node");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const tests = (await readdir(join(HERE, "tests"))).filter((name) => name.endsWith(".test.ts"));
  for (const entry of ["src/node.ts", ...tests.map((name) => `tests/${name}`)]) {
    const name = entry === "src/node.ts" ? "verify.mjs" : entry.slice("tests/".length).replace(/\.ts$/, ".mjs");
    await writeFile(join(folder, name), await bundle(entry, { platform: "node" }));
  }
}

/** ReplayWeb.page's service worker as its makers built it, with its licence and where its source is. */
async function replay() {
  const [from, to] = [join(HERE, "node_modules", "replaywebpage"), join(OUT, "replay")];
  await mkdir(to, { recursive: true });
  for (const name of ["sw.js", "LICENSE"]) await copyFile(join(from, name), join(to, name));
  const { version, license, repository } = JSON.parse(await readFile(join(from, "package.json"), "utf8"));
  const note = [
    `sw.js is the service worker of ReplayWeb.page ${version}, as the npm package "replaywebpage" ${version} holds it: unchanged.`,
    `It is a program of its own, by Webrecorder, under ${license} (LICENSE). Its source: ${repository}, tag v${version},`,
    "and the packages that its package.json names. The rest of evidence_kit is under the Apache License 2.0.",
  ];
  await writeFile(join(to, "README.txt"), note.join("\n") + "\n");
}

await mkdir(OUT, { recursive: true });
if (process.argv.includes("--tests")) await forNode();
else if (process.argv.includes("--harness")) await page("tests/page_harness.ts", process.argv.at(-1));
else {
  await page("src/page/main.ts", join(OUT, "verify.html"));
  await page("src/receive/main.ts", join(OUT, "receive.html"), {
    name: "receive",
    rules: ["connect-src 'self'", "img-src data:"],
    // For phones that nobody has updated for years, without a secure context: no module, nothing that came later.
    format: "iife",
    target: "es2018",
    define: { TEXTS: JSON.stringify(await textsOfReceive()) },
  });
  await replay();
}
