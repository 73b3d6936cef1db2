"use strict";
const { spawn } = require("node:child_process");
const { join } = require("node:path");
const { install } = require("./install");
const { exitWith } = require("./remedy");
const { step } = require("./step");

const root = join(__dirname, "..", "..");

/** Installs, synthesizes the stacks, and runs a program of infra-stacks/operations with this one's arguments. */
async function operate(program) {
  try {
    await install(root);
    await step("synthesizing the stacks", "npm", ["run", "--silent", "synth:infra-stacks"], {
      cwd: root,
    });
  } catch (error) {
    exitWith(error);
  }
  const file = join(root, "infra-stacks", "dist", "operations", `${program}-program.js`);
  const child = spawn(process.execPath, [file, ...process.argv.slice(2)], {
    cwd: root,
    stdio: "inherit",
    // The SDK's versions are pinned: what later ones will ask of Node is no news to who deploys.
    env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
  });
  // Ctrl-C reaches the program too, which ends in order.
  process.on("SIGINT", () => undefined);
  child.once("exit", (code) => (process.exitCode = code ?? 1));
}

module.exports = { operate };
