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

/** Runs a synth program of this project. @throws with what it printed if it fails */
function synthesize(root, program, env) {
  const { status, stderr } = spawnSync(process.execPath, [program], {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${program} failed: ${stderr}`);
}

/** Synthesizes what is committed anew, beside, and compares: the manifests, and the diagrams of the stacks. */
function synthDifferences(root) {
  const folder = mkdtempSync(join(tmpdir(), "berth-synth-"));
  const [manifests, stacks, diagrams] = ["manifests", "stacks", "diagrams"].map((name) =>
    join(folder, name),
  );
  try {
    synthesize(root, "charts/dist/main.js", { CDK8S_OUTDIR: manifests });
    synthesize(root, "infra-stacks/dist/main.js", { CDKTF_OUTDIR: stacks });
    const outdirs = { CDKTF_OUTDIR: stacks, DIAGRAMS_OUTDIR: diagrams };
    synthesize(root, "infra-stacks/dist/diagrams.js", outdirs);
    return [
      [manifests, "charts/manifests"],
      [diagrams, "docs/infrastructure"],
    ].flatMap(([expected, committed]) =>
      differences(expected, join(root, committed)).map((line) => `${committed}/${line}`),
    );
  } catch (error) {
    return [error.message];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

module.exports = { differences, synthDifferences };
