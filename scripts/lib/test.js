"use strict";
const { spawnSync } = require("node:child_process");
const { mkdtempSync, readFileSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { install } = require("./install");
const { exitWith } = require("./remedy");
const { step } = require("./step");
const { synthDifferences } = require("./synth-check");

const usage = `usage: ./scripts/test

Installs the packages and runs lint, format, types, all jest projects, and the check that the committed manifests are
what synth writes. Needs Node and npm only. Tests that need a server which is absent are named as skipped;
./scripts/verify provides the servers.`;

const root = join(__dirname, "..", "..");
const bin = (name) => join(root, "node_modules", ".bin", name);

/** @type {[string, () => Promise<unknown>][]} Checks that count as one test each: a name, and a run that throws if it fails. */
const checks = [
  ["lint", () => step("lint", bin("eslint"), ["."], { cwd: root })],
  [
    "format",
    () => step("format", bin("prettier"), ["--check", "--log-level=warn", "."], { cwd: root }),
  ],
  ["types", () => step("types", process.execPath, ["scripts/types"], { cwd: root })],
  ["synth: the manifests in charts/manifests are what synth writes", checkSynth],
];

async function checkSynth() {
  process.stdout.write("- synth check ");
  // In CI the checkout is clean, so a build that changed a committed file shows here.
  const committed =
    process.env.CI === "true"
      ? spawnSync("git", ["status", "--porcelain", "charts/manifests"], {
          cwd: root,
          encoding: "utf8",
        }).stdout
      : "";
  const differing = [...synthDifferences(root), ...committed.split("\n").filter(Boolean)];
  if (differing.length > 0) {
    console.log("failed");
    throw new Error(
      `charts/manifests is not what synth writes; run npm run synth and commit it:\n${differing.join("\n")}`,
    );
  }
  console.log("done");
}

/** Runs every jest project. @returns {{passed: number, failed: string[], skipped: string[]}} */
function runJest() {
  const folder = mkdtempSync(join(tmpdir(), "berth-jest-"));
  const file = join(folder, "results.json");
  try {
    const { status } = spawnSync(
      bin("jest"),
      ["--ci", "--json", `--outputFile=${file}`, "--silent"],
      {
        cwd: root,
        stdio: ["ignore", "ignore", "inherit"],
      },
    );
    const results = JSON.parse(readFileSync(file, "utf8"));
    const tests = results.testResults.flatMap((suite) => suite.assertionResults);
    const named = (wanted) =>
      tests.filter((test) => wanted.includes(test.status)).map((test) => test.fullName);
    const broken = results.testResults
      .filter((suite) => suite.status === "failed" && suite.assertionResults.length === 0)
      .map((suite) => suite.name);
    const failed = [...named(["failed"]), ...broken];
    if (status !== 0 && failed.length === 0) failed.push(`jest ended with status ${status}`);
    return {
      passed: named(["passed"]).length,
      failed,
      skipped: named(["pending", "todo", "skipped"]),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main() {
  if (process.argv.includes("--help") || process.argv.includes("-h")) return console.log(usage);
  try {
    await install(root);
    await step("building and synthesizing", "npm", ["run", "--silent", "build"], { cwd: root });
  } catch (error) {
    exitWith(error);
  }
  const failed = [];
  let passed = 0;
  for (const [name, run] of checks) {
    try {
      await run();
      passed++;
    } catch (error) {
      console.error(`${error.message}\n`);
      failed.push(name);
    }
  }
  const jest = runJest();
  failed.push(...jest.failed);
  passed += jest.passed;

  for (const name of jest.skipped) console.log(`skipped: ${name}`);
  for (const name of failed) console.log(`failed: ${name}`);
  console.log(`Tests: ${passed} passed, ${failed.length} failed, ${jest.skipped.length} skipped`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}

module.exports = { main };
