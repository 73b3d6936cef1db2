"use strict";
const { spawn } = require("node:child_process");
const { mkdirSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { isState } = require("./every-option");
const { addPlaceholders } = require("./placeholders");
const { Remedy } = require("./remedy");
const { withOwnNames, withoutProvider } = require("./without-provider");

/** Credentials that the double takes and AWS does not: nothing of a rehearsal can reach an account. */
const credentials = {
  AWS_ACCESS_KEY_ID: "rehearsal",
  AWS_SECRET_ACCESS_KEY: "rehearsal",
  AWS_EC2_METADATA_DISABLED: "true",
  AWS_REGION: "us-east-1",
};

/**
 * Where a rehearsal's stacks are applied.
 *
 * @typedef {object} Target
 * @property {string} folder for Terraform's files
 * @property {string} endpoint of the double of AWS
 * @property {string} stateEndpoint of the double that holds the states, the same one or another
 * @property {boolean} provider whether there is the AWS provider; if not, built-in resources stand in for what it makes
 * @property {(line: string) => void} say
 * @property {NodeJS.ProcessEnv} [env] more of the environment of Terraform
 */

/** The environment of Terraform: of the caller's own account and settings, nothing. */
function environment({ endpoint, env }) {
  const own = Object.entries(process.env).filter(([name]) => !/^(AWS|TF)_/.test(name));
  return {
    ...Object.fromEntries(own),
    ...credentials,
    AWS_ENDPOINT_URL: endpoint,
    CHECKPOINT_DISABLE: "1",
    TF_IN_AUTOMATION: "1",
    TF_INPUT: "0",
    ...env,
  };
}

/** What keeps data when a stack is destroyed, and CDKTF's notes: nothing that a rehearsal keeps. */
const protections = ["//", "prevent_destroy", "final_snapshot", "deletion_protection_enabled"];

/** Runs Terraform in a folder. @returns {Promise<{status: number, output: string}>} */
function run(target, cwd, args) {
  return new Promise((resolve, reject) => {
    const child = spawn("terraform", args, { cwd, env: environment(target), stdio: "pipe" });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => (output += chunk));
    child.once("error", reject);
    child.once("close", (status) => resolve({ status: status ?? 1, output: withOwnNames(output) }));
  });
}

/** Runs Terraform, which has to succeed. @returns what it printed */
async function succeed(target, id, args) {
  const { status, output } = await run(target, join(target.folder, id), args);
  if (status !== 0) throw new Remedy(`${id}: terraform ${args.join(" ")} failed\n${output}`);
  return output;
}

/** The settings of a state in S3, pointed at the double. */
function atDouble(endpoint, settings) {
  return {
    ...settings,
    endpoints: { s3: endpoint, dynamodb: endpoint, sts: endpoint, iam: endpoint },
    use_path_style: true,
    skip_credentials_validation: true,
    skip_requesting_account_id: true,
    skip_metadata_api_check: true,
  };
}

/**
 * A stack as it is rehearsed: its state and its provider at the double, and nothing protected from being destroyed.
 *
 * @param {any} stack
 * @param {Target} target
 * @param {"local" | "s3"} backend
 */
function rehearsed(stack, { stateEndpoint, provider }, backend) {
  const copy = JSON.parse(
    JSON.stringify(stack, (key, value) => (protections.includes(key) ? undefined : value)),
  );
  const at = (settings) => atDouble(stateEndpoint, settings);
  const states = copy.data?.terraform_remote_state ?? {};
  for (const state of Object.values(states))
    if (state.backend === "s3") state.config = at(state.config);
  const written = provider ? withEndpoint(copy) : addPlaceholders(withoutProvider(copy));
  const { s3 } = copy.terraform.backend;
  written.terraform.backend = backend === "s3" ? { s3: at(s3) } : { local: {} };
  return written;
}

/** A stack whose AWS providers speak to whatever AWS_ENDPOINT_URL names. */
function withEndpoint(stack) {
  for (const aws of stack.provider?.aws ?? [])
    Object.assign(aws, { s3_use_path_style: true, skip_metadata_api_check: true });
  return stack;
}

/** Writes a stack where Terraform reads it. */
function write(stack, target, id, backend) {
  const folder = join(target.folder, id);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, "cdk.tf.json"),
    JSON.stringify(rehearsed(stack, target, backend), null, 1),
  );
}

/** How many resources Terraform says that it has made or destroyed. */
function count(output, what) {
  return Number(new RegExp(`(\\d+) ${what}`).exec(output)?.[1] ?? 0);
}

/** The types of what was made, in the order of the first of each, as Terraform printed it. */
function orderOf(output) {
  const made = [...output.matchAll(/^((?:data\.)?[a-z]\w*)\.[^:\s]+: Creation complete/gm)];
  return [...new Set(made.map(([, type]) => type))];
}

/**
 * Makes the stacks in their order, as somebody does who deploys for the first time: the state's own stack keeps its state
 * in a file, which is then moved into the bucket that it has made.
 *
 * @param {Record<string, any>} stacks by their ids
 * @param {string[]} order in which they are deployed
 * @param {Target} target
 */
async function apply(stacks, order, target) {
  for (const id of order) {
    const first = isState(id) ? "local" : "s3";
    write(stacks[id], target, id, first);
    await succeed(target, id, ["init", "-no-color"]);
    const output = await succeed(target, id, ["apply", "-no-color", "-auto-approve"]);
    if (first === "local") {
      write(stacks[id], target, id, "s3");
      await succeed(target, id, ["init", "-no-color", "-migrate-state", "-force-copy"]);
    }
    target.say(`${id}: ${count(output, "added")} made: ${orderOf(output).join(", ")}`);
  }
}

/** Plans every stack again. @throws {Remedy} with each plan that is not empty */
async function planAgain(order, target) {
  for (const id of order) {
    const args = ["plan", "-no-color", "-detailed-exitcode"];
    const { status, output } = await run(target, join(target.folder, id), args);
    if (status === 2) throw new Remedy(`${id}: the second plan is not empty\n${output}`);
    if (status !== 0) throw new Remedy(`${id}: terraform plan failed\n${output}`);
  }
}

/**
 * Destroys the stacks in reverse. The state's own stack goes last, its state moved back into a file first.
 *
 * @param {() => Promise<void>} emptyStateBuckets
 */
async function destroy(stacks, order, target, emptyStateBuckets) {
  for (const id of [...order].reverse()) {
    if (isState(id)) {
      write(stacks[id], target, id, "local");
      await succeed(target, id, ["init", "-no-color", "-migrate-state", "-force-copy"]);
      await emptyStateBuckets();
    }
    const output = await succeed(target, id, ["destroy", "-no-color", "-auto-approve"]);
    const left = (await succeed(target, id, ["state", "list"])).trim();
    if (left !== "") throw new Remedy(`${id}: destroy has left ${left.split("\n").join(", ")}`);
    target.say(`${id}: ${count(output, "destroyed")} destroyed`);
  }
}

/**
 * Whether Terraform gets the AWS provider that the stacks ask for.
 *
 * @param {any} stack any of them
 * @param {Target} target
 * @returns {Promise<string | undefined>} why not
 */
async function providerFault(stack, target) {
  const folder = join(target.folder, "provider");
  mkdirSync(folder, { recursive: true });
  const { required_providers } = stack.terraform;
  writeFileSync(
    join(folder, "main.tf.json"),
    JSON.stringify({ terraform: { required_providers } }),
  );
  const { status, output } = await run(target, folder, ["init", "-no-color"]);
  return status === 0 ? undefined : output.slice(output.indexOf("Error:")).trim();
}

module.exports = { apply, destroy, planAgain, providerFault };
