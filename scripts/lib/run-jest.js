"use strict";
const { spawn } = require("node:child_process");
const { existsSync, mkdtempSync, readFileSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");

/** What became of the tests of one run. */
/** @typedef {{passed: number, failed: string[], skipped: string[]}} Outcome */

/**
 * Runs jest and counts its tests. A suite that does not even load counts as one failed test.
 *
 * @param {string} root the project's root
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<Outcome>}
 */
async function runJest(root, args, env = process.env) {
  const folder = mkdtempSync(join(tmpdir(), "berth-jest-"));
  const file = join(folder, "results.json");
  try {
    const jest = join(root, "node_modules", "jest", "bin", "jest.js");
    const child = spawn(
      process.execPath,
      [jest, "--ci", "--json", `--outputFile=${file}`, "--silent", ...args],
      { cwd: root, env, stdio: ["ignore", "ignore", "inherit"] },
    );
    const status = await new Promise((resolve) => child.on("close", resolve));
    if (!existsSync(file))
      return { passed: 0, failed: [`jest ended with ${status} and no report`], skipped: [] };
    return outcome(JSON.parse(readFileSync(file, "utf8")), status);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns {Outcome} of jest's JSON report */
function outcome({ testResults }, status) {
  const tests = testResults.flatMap((suite) => suite.assertionResults);
  const named = (statuses) =>
    tests.filter((test) => statuses.includes(test.status)).map((test) => test.fullName);
  const broken = testResults
    .filter((suite) => suite.status === "failed" && suite.assertionResults.length === 0)
    .map((suite) => suite.name);
  const failed = [...named(["failed"]), ...broken];
  if (status !== 0 && failed.length === 0) failed.push(`jest ended with status ${status}`);
  if (tests.length === 0 && failed.length === 0) failed.push("jest ran no test");
  return {
    passed: named(["passed"]).length,
    failed,
    skipped: named(["pending", "todo", "skipped"]),
  };
}

module.exports = { outcome, runJest };
