"use strict";
const { spawn } = require("node:child_process");
const { join } = require("node:path");
const { createInterface } = require("node:readline");
const { Remedy } = require("./remedy");

/**
 * scripts/tools/rehearse/rehearse.py, which speaks AWS' own API.
 *
 * @typedef {{root: string, python: string, endpoint: string}} Boto
 */

/** Starts it. @param {Boto} boto */
function start({ root, python }, args) {
  const program = join(root, "scripts", "tools", "rehearse", "rehearse.py");
  const child = spawn(python, ["-B", program, ...args], { stdio: "pipe" });
  let faults = "";
  child.stderr.on("data", (chunk) => (faults += chunk));
  const ended = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) =>
      status === 0 ? resolve(undefined) : reject(new Remedy(faults.trim())),
    );
  });
  // Its caller may be busy with something else when it fails, and asks later.
  ended.catch(() => undefined);
  return { child, ended };
}

/** Runs it to its end. @returns what it says */
async function ask(boto, args) {
  const { child, ended } = start(boto, args);
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stdin.end();
  await ended;
  return output;
}

/**
 * Makes stacks through AWS' API, does something while they stand, and destroys them in reverse.
 *
 * @param {Boto} boto
 * @param {string} folder with one folder a stack
 * @param {string[]} order in which the stacks are made
 * @param {(made: {made: string[], absent: string[]}) => Promise<void>} use
 * @returns {Promise<string[]>} what is left in the account
 * @throws {Remedy} with the resource that AWS would refuse, and why
 */
async function makeThroughApi(boto, folder, order, use) {
  const { child, ended } = start(boto, ["make", folder, boto.endpoint, ...order]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const said = async () => {
    const { value, done } = await lines.next();
    if (done) await ended;
    return JSON.parse(value);
  };
  try {
    await use(await said());
    child.stdin.end();
    const { left } = await said();
    await ended;
    return left;
  } finally {
    child.stdin.destroy();
    if (child.exitCode === null) child.kill("SIGTERM");
  }
}

/** What is in accounts, in these regions. @returns {Promise<string[]>} one line each */
async function listAccounts(boto, accounts, regions) {
  return JSON.parse(await ask(boto, ["list", boto.endpoint, accounts.join(), regions.join()]));
}

/** The variables with which Terraform is in an account. @returns {Promise<NodeJS.ProcessEnv>} */
async function credentialsOf(boto, account) {
  return JSON.parse(await ask(boto, ["credentials", boto.endpoint, account]));
}

/** Deletes everything in buckets. */
async function emptyBuckets(boto, buckets) {
  await ask(boto, ["empty", boto.endpoint, ...buckets]);
}

module.exports = { credentialsOf, emptyBuckets, listAccounts, makeThroughApi };
