"use strict";
const { spawn } = require("node:child_process");
const { Remedy, remedyFor } = require("./remedy");

/** How often a step that goes on says so. */
const heartbeatMs = 10_000;

/** Lines of a failed step's output that are shown. */
const shownLines = 40;

/** What ends a step: the command is ended first, so that it does not go on by itself. */
const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);

const seconds = (startedAt) => `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;

/**
 * Runs a command as one step: its name while it runs, its time when it is done, its output only if it fails.
 *
 * @param {string} name
 * @param {string} command
 * @param {string[]} args
 * @param {import("node:child_process").SpawnOptions} options
 * @returns {Promise<string>} what it printed
 * @throws {Remedy} with the end of its output, and what helps if that is known
 */
async function step(name, command, args, options = {}) {
  const startedAt = Date.now();
  process.stdout.write(`- ${name} `);
  const heartbeat = setInterval(() => process.stdout.write(`${seconds(startedAt)} `), heartbeatMs);
  let output = "";
  const status = await new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
    for (const signal of signals) process.once(signal, interrupt);
    function interrupt(/** @type {NodeJS.Signals} */ signal) {
      child.kill(signal);
      child.once("close", () => process.exit(130));
    }
    child.once("close", () => signals.forEach((signal) => process.off(signal, interrupt)));
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk) => {
        output += chunk;
      });
    child.on("error", (error) => {
      output += error.message;
      resolve(1);
    });
    child.on("close", resolve);
  });
  clearInterval(heartbeat);
  if (status === 0) {
    console.log(`done in ${seconds(startedAt)}`);
    return output;
  }
  console.log(`failed after ${seconds(startedAt)}`);
  const end = output.trimEnd().split("\n").slice(-shownLines).join("\n");
  throw new Remedy([end, remedyFor(output)].filter(Boolean).join("\n\n"));
}

module.exports = { step };
