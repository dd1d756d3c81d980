// SPDX-License-Identifier: MIT
// node check.mjs <charts.json> <page.md>...: has Mermaid itself read all charts: those of the file,
// a JSON array of texts, and those in the pages. Prints what it refuses, and ends with 77 (skipped)
// where the packages of package.json are not installed.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const SKIPPED = 77;
const NOT_A_CHART = 'flowchart TD\n  s0("a" b")\n';

// The packages are in the folder where it is called, not beside this file.
async function load(name) {
  const require = createRequire(join(process.cwd(), "package.json"));
  return import(pathToFileURL(require.resolve(name)));
}

async function loadMermaid() {
  const { JSDOM } = await load("jsdom");
  const { window } = new JSDOM("");
  globalThis.window = window; // Mermaid cleans labels with the means of a browser
  globalThis.document = window.document;
  return (await load("mermaid")).default;
}

const [charts, ...pages] = process.argv.slice(2);
let mermaid;
try {
  mermaid = await loadMermaid();
} catch (error) {
  console.log(`Skipped: ${error.message}`);
  process.exit(SKIPPED);
}

const texts = JSON.parse(readFileSync(charts, "utf8"));
for (const page of pages) {
  const blocks = readFileSync(page, "utf8").matchAll(/^```mermaid\n(.*?)^```$/gms);
  texts.push(...Array.from(blocks, (block) => block[1]));
}

const refused = [];
for (const text of texts) {
  await mermaid.parse(text).catch((error) => refused.push(`${text}\n${error.message}`));
}
refused.slice(0, 5).forEach((each) => console.log(each));
console.log(`${texts.length} charts, ${refused.length} refused`);
const sees = await mermaid.parse(NOT_A_CHART).then(() => false, () => true);
if (!sees) console.log("Mermaid has read what is not a chart: this check proves nothing");
process.exit(sees && texts.length > 0 && refused.length === 0 ? 0 : 1);
