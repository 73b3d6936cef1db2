"use strict";
const { spawnSync } = require("node:child_process");
const { mkdtempSync, readFileSync, readdirSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join, relative } = require("node:path");

/** Every file below a folder, by its relative path. */
function contents(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [relative(folder, path), readFileSync(path, "utf8")];
    }),
  );
}

/** What differs between two folders, one line a file. */
function differences(expected, actual) {
  const wanted = contents(expected);
  const found = contents(actual);
  const names = [...new Set([...wanted.keys(), ...found.keys()])].sort();
  return names.flatMap((name) => {
    if (!found.has(name)) return [`${name} is missing`];
    if (!wanted.has(name)) return [`${name} is not synthesized any more`];
    return wanted.get(name) === found.get(name) ? [] : [`${name} differs`];
  });
}

/** Synthesizes the manifests anew, beside, and compares them with those in charts/manifests. */
function synthDifferences(root) {
  const folder = mkdtempSync(join(tmpdir(), "berth-synth-"));
  try {
    const { status, stderr } = spawnSync(process.execPath, ["charts/dist/main.js"], {
      cwd: root,
      env: { ...process.env, CDK8S_OUTDIR: folder },
      encoding: "utf8",
    });
    if (status !== 0) return [`synth failed: ${stderr}`];
    return differences(folder, join(root, "charts", "manifests"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

module.exports = { differences, synthDifferences };
