"use strict";
const { readFileSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { buildSync } = require("esbuild");

const root = join(__dirname, "..", "..");
const begin = "<!-- settings: written by npm run readme -->";
const end = "<!-- /settings -->";

/** The contract, as a module. */
function loadContract() {
  const { outputFiles } = buildSync({
    entryPoints: [join(root, "contract", "src", "index.ts")],
    bundle: true,
    platform: "node",
    format: "cjs",
    write: false,
  });
  const loaded = { exports: /** @type {any} */ ({}) };
  new Function("module", "exports", "require", outputFiles[0].text)(
    loaded,
    loaded.exports,
    require,
  );
  return loaded.exports;
}

/** The settings as a Markdown table. */
function settingsTable(settings) {
  const rows = Object.entries(settings).map(([name, { default: fallback, meaning }]) => {
    const shown =
      fallback === undefined
        ? ""
        : /^[0-9a-f]{64}$/.test(fallback)
          ? "the pinned one"
          : `\`${fallback}\``;
    return `| \`${name}\` | ${shown} | ${meaning.replace(/</g, "\\<")} |`;
  });
  return ["| setting | default | meaning |", "| --- | --- | --- |", ...rows].join("\n");
}

/** README's text with its derived parts replaced. @throws if a marker is missing */
function withSettings(readme, settings) {
  const from = readme.indexOf(begin);
  const to = readme.indexOf(end);
  if (from < 0 || to < from) throw new Error(`README.md lacks the markers ${begin} and ${end}`);
  return `${readme.slice(0, from)}${begin}\n\n${settingsTable(settings)}\n\n${readme.slice(to)}`;
}

function main() {
  const path = join(root, "README.md");
  const readme = withSettings(readFileSync(path, "utf8"), loadContract().settings);
  writeFileSync(path, readme);
}

module.exports = { loadContract, main, withSettings };
