"use strict";
const { join } = require("node:path");
const { install } = require("./install");
const { exitWith } = require("./remedy");
const { runJest } = require("./run-jest");
const { step } = require("./step");
const { synthDifferences } = require("./synth-check");
const { Tally } = require("./tally");

const usage = `usage: ./scripts/test

Installs the packages and runs lint, format, types, all jest projects, and the check that the committed manifests
and diagrams are what synth writes. Needs Node and npm only. Tests that need a server which is absent are named as skipped;
./scripts/verify provides the servers.`;

const root = join(__dirname, "..", "..");
const bin = (name) => join(root, "node_modules", ".bin", name);

async function checkSynth() {
  const differing = synthDifferences(root);
  if (differing.length === 0) return console.log("- synth check done");
  console.log("- synth check failed");
  throw new Error(
    `what is committed is not what synth writes; run npm run synth and commit it:\n${differing.join("\n")}`,
  );
}

async function main() {
  if (process.argv.includes("--help") || process.argv.includes("-h")) return console.log(usage);
  const options = { cwd: root };
  const tally = new Tally();
  try {
    await install(root);
    // Before anything writes what is committed.
    for (const layer of ["charts", "infra-stacks"])
      await step(`building ${layer}`, "npm", ["run", "--silent", `build:${layer}`], options);
    await tally.check("synth: manifests and diagrams are what synth writes", checkSynth);
    await step("building and synthesizing", "npm", ["run", "--silent", "build"], options);
  } catch (error) {
    exitWith(error);
  }
  await tally.check("lint", () => step("lint", bin("eslint"), ["."], options));
  await tally.check("format", () =>
    step("format", bin("prettier"), ["--check", "--log-level=warn", "."], options),
  );
  await tally.check("types", () => step("types", process.execPath, ["scripts/types"], options));
  tally.add(await runJest(root, []));
  tally.close();
}

module.exports = { main };
