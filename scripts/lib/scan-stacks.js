"use strict";
const { mkdirSync, mkdtempSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { judge, judgeMutants, maxExceptions, readExceptions, scan } = require("./checkov");
/** @typedef {import("./checkov").Mutant} Mutant */
const { readStacks, synthesizeEveryOption } = require("./every-option");
const { exitWith, Remedy } = require("./remedy");
const { installCheckov } = require("./tools");

const usage = `usage: scripts/scan-stacks

Synthesizes every environment and option, and runs checkov (installed from PyPI into node_modules/.cache) over the
stacks. Fails on a finding that infra-stacks/checkov-exceptions.yaml does not list with a reason, on an exception that
matches nothing, and on a mistake made on purpose that checkov does not see.`;

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
    const mutants = checkovMutants();
    const mutated = mutants.map(({ change }, i) => [`mutant-${i}`, change(stacks)]);
    const seen = await scan(checkov, Object.fromEntries(mutated), "checkov over mutants of them");
    const faults = [
      ...judge(findings, exceptions),
      ...judgeMutants(mutants, findings, seen.findings),
    ];
    const count = Object.keys(stacks).length;
    if (faults.length > 0)
      throw new Remedy(`checkov: ${faults.length} faults in ${count} stacks\n${faults.join("\n")}`);
    return `checkov: ${count} stacks, ${passed} checks passed, ${findings.length} findings under ${exceptions.length} exceptions (of ${maxExceptions} at most); ${mutants.length} of ${mutants.length} mutants seen`;
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/**
 * The mistakes of infra-stacks/test/mutants that only checkov knows.
 *
 * @returns {(Mutant & {change: (stacks: Record<string, any>) => any})[]}
 */
function checkovMutants() {
  const outfile = join(root, "node_modules/.cache/berth-every-option/mutants.js");
  require("esbuild").buildSync({
    absWorkingDir: root,
    stdin: {
      contents: `export { mutants } from "./mutants"; export { mutated } from "./mutate";`,
      resolveDir: join(root, "infra-stacks/test/mutants"),
    },
    bundle: true,
    platform: "node",
    target: "node20",
    packages: "external",
    outfile,
  });
  const { mutants, mutated } = require(outfile);
  return mutants.flatMap((mutant) => {
    const { checkov: check } = mutant.caughtBy;
    if (check === undefined) return [];
    return [{ name: mutant.name, check, change: (stacks) => mutated(stacks, mutant) }];
  });
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
