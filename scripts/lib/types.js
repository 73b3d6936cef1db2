"use strict";
const { spawnSync } = require("node:child_process");
const { join } = require("node:path");

const root = join(__dirname, "..", "..");

/** Folders with a tsconfig.json of their own. */
const projects = ["contract", "service", "web", "infra-stacks", "charts", "scripts"];

function main() {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const failed = projects.filter(
    (project) =>
      spawnSync(process.execPath, [compiler, "--project", project, "--pretty", "false"], {
        cwd: root,
        stdio: "inherit",
      }).status !== 0,
  );
  if (failed.length === 0) return;
  console.error(`types: faults in ${failed.join(", ")}`);
  process.exit(1);
}

module.exports = { main };
