"use strict";
const { readFileSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { buildSync } = require("esbuild");

const root = join(__dirname, "..", "..");

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

/** The metrics as a Markdown table. */
function metricsTable(metrics) {
  const rows = Object.values(metrics).map(({ name, type, labels, help, buckets }) => {
    const names = labels.map((label) => `\`${label}\``).join(", ");
    const bounds = buckets === undefined ? "" : `. Buckets up to ${buckets.join(", ")}`;
    return `| \`${name}\` | ${type} | ${names} | ${help}${bounds} |`;
  });
  return ["| metric | type | labels | meaning |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

/**
 * A document's text with a derived part replaced.
 *
 * @param {string} document
 * @param {"settings" | "metrics"} part
 * @param {string} table
 * @throws if a marker is missing
 */
function withTable(document, part, table) {
  const begin = `<!-- ${part}: written by npm run readme -->`;
  const end = `<!-- /${part} -->`;
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the document lacks the markers ${begin} and ${end}`);
  return `${document.slice(0, from)}${begin}\n\n${table}\n\n${document.slice(to)}`;
}

/** README's text with its settings replaced. */
function withSettings(readme, settings) {
  return withTable(readme, "settings", settingsTable(settings));
}

/** The text of `docs/observability.md` with its metrics replaced. */
function withMetrics(document, metrics) {
  return withTable(document, "metrics", metricsTable(metrics));
}

function main() {
  const { settings, metrics } = loadContract();
  rewrite("README.md", (text) => withSettings(text, settings));
  rewrite(join("docs", "observability.md"), (text) => withMetrics(text, metrics));
}

function rewrite(file, change) {
  const path = join(root, file);
  writeFileSync(path, change(readFileSync(path, "utf8")));
}

module.exports = { loadContract, main, withMetrics, withSettings };
