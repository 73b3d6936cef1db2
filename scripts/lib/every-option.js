"use strict";
const { spawnSync } = require("node:child_process");
const { readFileSync, readdirSync } = require("node:fs");
const { join } = require("node:path");

/** The app that holds every environment of the contract, and a variant for each option. */
const entry = "infra-stacks/test/support/synthesize-every-option.ts";

/**
 * Synthesizes every environment with every option.
 *
 * @param {string} root the project's root
 * @param {string} outdir is made
 * @param {{outfile?: string, alias?: Record<string, string>}} [bundle] where the bundled app lies, and packages that
 *   stand in for others
 */
function synthesizeEveryOption(root, outdir, bundle = {}) {
  const { outfile = join(root, "node_modules/.cache/berth-every-option/main.js"), alias = {} } =
    bundle;
  require("esbuild").buildSync({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    platform: "node",
    target: "node20",
    packages: "external",
    alias,
    outfile,
  });
  const { status, stderr } = spawnSync(process.execPath, [outfile], {
    env: { ...process.env, CDKTF_OUTDIR: outdir },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the stacks do not synthesize:\n${stderr}`);
}

/** The stacks that an app has written, by their ids. @returns {Record<string, any>} */
function readStacks(outdir) {
  const folder = join(outdir, "stacks");
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((id) => [id, JSON.parse(readFileSync(join(folder, id, "cdk.tf.json"), "utf8"))]),
  );
}

/** Whether a stack is its environment's `state`. */
const isState = (id) => id.endsWith("-state");

/** The stacks' ids in an order in which each comes after those that it reads from, and the buckets of states first. */
function deployOrder(outdir) {
  const { stacks } = JSON.parse(readFileSync(join(outdir, "manifest.json"), "utf8"));
  /** @type {string[]} */
  const order = [];
  const visit = (id) => {
    if (order.includes(id)) return;
    stacks[id].dependencies.forEach(visit);
    order.push(id);
  };
  const ids = Object.keys(stacks);
  [...ids.filter(isState), ...ids].forEach(visit);
  return order;
}

module.exports = { deployOrder, isState, readStacks, synthesizeEveryOption };
