"use strict";
const { mkdirSync, mkdtempSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { judge, maxExceptions, readExceptions, scan } = require("./checkov");
const { readStacks, synthesizeEveryOption } = require("./every-option");
const { exitWith, Remedy } = require("./remedy");
const { installCheckov } = require("./tools");

const usage = `usage: scripts/scan-stacks

Synthesizes every environment and option, and runs checkov (installed from PyPI into node_modules/.cache) over the
stacks. Fails on a finding that infra-stacks/checkov-exceptions.yaml does not list with a reason, and on an exception
that matches nothing.`;

const root = join(__dirname, "..", "..");

/**
 * Scans the stacks of every environment and option.
 *
 * @param {string} checkov its path
 * @returns {Promise<string>} what was checked, in a sentence
 * @throws {Error} with one line a fault
 */
async function scanStacks(checkov) {
  const outdir = mkdtempSync(join(tmpdir(), "berth-stacks-"));
  try {
    synthesizeEveryOption(root, outdir);
    const stacks = readStacks(outdir);
    const exceptions = readExceptions(root);
    const { passed, findings } = await scan(checkov, stacks, "checkov over every stack");
    const faults = judge(findings, exceptions);
    const count = Object.keys(stacks).length;
    if (faults.length > 0)
      throw new Remedy(`checkov: ${faults.length} faults in ${count} stacks\n${faults.join("\n")}`);
    return `checkov: ${count} stacks, ${passed} checks passed, ${findings.length} findings under ${exceptions.length} exceptions (of ${maxExceptions} at most)`;
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

async function main() {
  if (process.argv.includes("--help") || process.argv.includes("-h")) return console.log(usage);
  const folder = join(root, "node_modules", ".cache", "berth-verify");
  mkdirSync(folder, { recursive: true });
  try {
    console.log(await scanStacks(await installCheckov(root, folder)));
  } catch (error) {
    exitWith(error);
  }
}

module.exports = { main, scanStacks };
