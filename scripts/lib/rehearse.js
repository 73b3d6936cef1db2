"use strict";
const { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { freePort, withServer } = require("./background");
const { credentialsOf, emptyBuckets, listAccounts, makeThroughApi } = require("./boto-rehearsal");
const { deployOrder, isState, readStacks, synthesizeEveryOption } = require("./every-option");
const { apply, destroy, planAgain, providerFault } = require("./rehearse-terraform");
const { Remedy, exitWith } = require("./remedy");
const { has, installMoto } = require("./tools");

const usage = `usage: scripts/rehearse [ENVIRONMENT...]

Deploys every stack of the environments (all of them, and every option, if none is named) to a double of AWS (moto, from
PyPI) on this machine, plans again, which must find nothing to change, and destroys everything, which must leave nothing.
No account is reached, whatever credentials there are.

With the AWS provider, Terraform itself does so. It is taken from HashiCorp's registry, or from where the file that
TF_CLI_CONFIG_FILE names says (a provider_installation block with a filesystem_mirror or network_mirror). Without it,
each stack is made through AWS' own API (boto3), so that a malformed policy or argument is still refused; and Terraform
applies, plans and destroys built-in resources in place of AWS' ones, with the real states in the double's S3.

Needs Terraform and Python 3.`;

const root = join(__dirname, "..", "..");

/** Environments that Terraform deploys at once: Terraform mostly waits for the double. */
const lanes = 3;

/** The buckets that hold states. */
function stateBuckets(stacks) {
  const named = Object.values(stacks).map((stack) => stack.terraform.backend.s3?.bucket);
  return [...new Set(named.filter(Boolean))];
}

/** Every region that a stack has a provider for. */
function regionsOf(stacks) {
  const providers = Object.values(stacks).flatMap((stack) => stack.provider?.aws ?? []);
  return [...new Set(providers.map(({ region }) => region))];
}

/**
 * The account that each stack is deployed to: the one that its provider insists on, or one that its environment has for itself,
 * since variants of an environment are in each other's way.
 *
 * @returns {Record<string, string>} by the stacks' ids
 */
function accountsOf(stacks) {
  const buckets = stateBuckets(stacks);
  return Object.fromEntries(
    Object.entries(stacks).map(([id, { provider, terraform }]) => [
      id,
      provider?.aws[0]?.allowed_account_ids?.[0] ??
        String(100_000_000_001 + buckets.indexOf(terraform.backend.s3.bucket)),
    ]),
  );
}

/** @throws {Remedy} where something is left */
function leaveNothing(left) {
  if (left.length > 0)
    throw new Remedy(`left in the account after everything was destroyed:\n${left.join("\n")}`);
}

/**
 * Where a rehearsal happens.
 *
 * @typedef {object} Stage
 * @property {string} moto its path
 * @property {string} python its path
 * @property {string} endpoint of the double of AWS
 * @property {string} folder of the rehearsal's own
 * @property {NodeJS.ProcessEnv} [env] of Terraform
 * @property {(line: string) => void} say
 */

/** Writes stacks where rehearse.py reads them. @returns the folder */
function writeSynthesized(stacks, stage) {
  const folder = join(stage.folder, "synthesized");
  mkdirSync(folder);
  writeFileSync(join(folder, "accounts.json"), JSON.stringify(accountsOf(stacks)));
  for (const [id, stack] of Object.entries(stacks)) {
    mkdirSync(join(folder, id), { recursive: true });
    writeFileSync(join(folder, id, "cdk.tf.json"), JSON.stringify(stack));
  }
  return folder;
}

/**
 * Terraform makes the stacks, plans again, and destroys them. Environments share nothing, so some go on at once.
 *
 * @param {import("./boto-rehearsal").Boto} boto that gives the credentials
 * @param {(buckets: string[]) => Promise<void>} emptyStates
 */
async function deploy(stacks, order, stage, boto, emptyStates) {
  const accounts = accountsOf(stacks);
  const bucketOf = (id) => stacks[id].terraform.backend.s3.bucket;
  const waiting = stateBuckets(stacks).map((bucket) => ({
    bucket,
    ids: order.filter((id) => bucketOf(id) === bucket),
  }));
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { bucket, ids } = next;
      const credentials = await credentialsOf(boto, accounts[ids[0]]);
      const target = { ...stage, env: { ...stage.env, ...credentials } };
      await apply(stacks, ids, target);
      await planAgain(ids, target);
      stage.say(`${ids.join(", ")}: the second plan is empty`);
      await destroy(stacks, ids, target, () => emptyStates([bucket]));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/**
 * With the AWS provider, Terraform makes the stacks. The states are in a double of their own, since the double does not read the
 * conditions of a bucket's policy, and would deny every access to a bucket whose policy denies some.
 *
 * @param {Record<string, any>} stacks by their ids
 * @param {string[]} order in which they are deployed
 * @param {Stage} stage
 */
async function withProvider(stacks, order, stage) {
  const boto = { root, ...stage };
  const regions = regionsOf(stacks);
  const accounts = [...new Set(Object.values(accountsOf(stacks)))];
  const before = await listAccounts(boto, accounts, regions);
  const states = await double(stage.moto);
  await withServer(states.server, async () => {
    const beside = { ...boto, endpoint: states.endpoint };
    const folder = writeSynthesized(stacks, stage);
    await makeThroughApi(beside, folder, order.filter(isState), async () => {
      const target = { ...stage, stateEndpoint: states.endpoint, provider: true };
      await deploy(stacks, order, target, boto, (buckets) => emptyBuckets(boto, buckets));
      await emptyBuckets(beside, stateBuckets(stacks));
    });
  });
  const after = await listAccounts(boto, accounts, regions);
  leaveNothing(after.filter((one) => !before.includes(one)));
}

/**
 * What can be rehearsed without the provider: the stacks through AWS' API; and while they stand, Terraform with built-in
 * resources in the place of AWS' ones, whose states are in the buckets just made.
 *
 * @param {Record<string, any>} stacks by their ids
 * @param {string[]} order in which they are deployed
 * @param {Stage} stage
 */
async function withoutProvider(stacks, order, stage) {
  const boto = { root, ...stage };
  const folder = writeSynthesized(stacks, stage);
  const left = await makeThroughApi(boto, folder, order, async ({ made, absent }) => {
    stage.say(`through AWS' API: ${made.length} resources made`);
    const types = [...new Set(absent.map((one) => one.split(": ")[1].split(".")[0]))];
    if (types.length > 0) stage.say(`not made, since the double does not know ${types.join(", ")}`);
    const target = { ...stage, stateEndpoint: stage.endpoint, provider: false };
    await deploy(stacks, order, target, boto, async () => undefined);
    await emptyBuckets(boto, stateBuckets(stacks));
  });
  leaveNothing(left);
}

/** A double of AWS that can be started: on a free port, with the place where it will answer. */
async function double(moto) {
  const port = await freePort();
  return {
    server: {
      command: moto,
      args: ["-H", "127.0.0.1", "-p", String(port)],
      port,
      // AWS' own policies are among what is attached to roles.
      env: { ...process.env, MOTO_IAM_LOAD_MANAGED_POLICIES: "true" },
    },
    endpoint: `http://127.0.0.1:${port}`,
  };
}

/**
 * Rehearses stacks in a double of AWS that is started for it.
 *
 * @param {Record<string, any>} stacks by their ids
 * @param {string[]} order in which they are deployed
 * @param {{moto: string, env?: NodeJS.ProcessEnv, say?: (line: string) => void}} tools
 * @returns {Promise<string>} what was shown, in a sentence
 * @throws {Remedy} with what AWS would refuse, what a second plan would change, or what is left
 */
async function rehearse(stacks, order, { moto, env, say = () => undefined }) {
  const folder = mkdtempSync(join(tmpdir(), "berth-rehearsal-"));
  const { server, endpoint } = await double(moto);
  const stage = {
    moto,
    python: join(moto, "..", "python"),
    endpoint,
    folder,
    env,
    say,
  };
  let how = "";
  try {
    await withServer(server, async () => {
      const fault = await providerFault(stacks[order[0]], {
        ...stage,
        stateEndpoint: endpoint,
        provider: true,
      });
      if (fault !== undefined && env?.TF_CLI_CONFIG_FILE !== undefined)
        throw new Remedy(`${env.TF_CLI_CONFIG_FILE} gives no AWS provider:\n${fault}`);
      if (fault !== undefined) {
        how = "through AWS' API, and by Terraform with built-in resources in their place";
        say(`no AWS provider, so built-in resources stand in for what it makes:\n${fault}`);
        await withoutProvider(stacks, order, stage);
      } else {
        how = "by Terraform and the AWS provider";
        await withProvider(stacks, order, stage);
      }
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return `rehearsal: ${order.length} stacks made and destroyed ${how}; second plans empty, nothing left`;
}

/** Terraform's environment: the mirror that the caller names, if any. @returns {NodeJS.ProcessEnv} */
function mirror(folder) {
  const file = process.env.TF_CLI_CONFIG_FILE;
  const cache = join(folder, "terraform-plugins");
  mkdirSync(cache, { recursive: true });
  const env = { TF_PLUGIN_CACHE_DIR: cache };
  return file !== undefined && existsSync(file) ? { ...env, TF_CLI_CONFIG_FILE: file } : env;
}

/** The stacks of some environments, or of all. @throws {Remedy} on one that does not exist */
function chosen(order, environments) {
  const of = (name) => order.filter((id) => new RegExp(`^berth-${name}-[a-z]+$`).test(id));
  const unknown = environments.filter((name) => of(name).length === 0);
  if (unknown.length > 0)
    throw new Remedy(`no environment ${unknown.join(", ")}; the stacks are ${order.join(", ")}`);
  return environments.length === 0 ? order : environments.flatMap(of);
}

/**
 * Rehearses environments of the synthesized ones.
 *
 * @param {{moto: string, folder: string, environments: string[], say?: (line: string) => void}} options
 */
async function rehearseEnvironments({ moto, folder, environments, say }) {
  if (!has("terraform"))
    throw new Remedy("There is no terraform on the PATH: install 1.11 or later.");
  const outdir = mkdtempSync(join(tmpdir(), "berth-stacks-"));
  try {
    synthesizeEveryOption(root, outdir);
    const all = readStacks(outdir);
    const order = chosen(deployOrder(outdir), environments);
    const stacks = Object.fromEntries(order.map((id) => [id, all[id]]));
    return await rehearse(stacks, order, { moto, say, env: mirror(folder) });
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

async function main() {
  const environments = process.argv.slice(2);
  if (environments.includes("--help") || environments.includes("-h")) return console.log(usage);
  const folder = join(root, "node_modules", ".cache", "berth-verify");
  mkdirSync(folder, { recursive: true });
  try {
    const moto = await installMoto(root, folder);
    console.log(await rehearseEnvironments({ moto, folder, environments, say: console.log }));
  } catch (error) {
    exitWith(error);
  }
}

module.exports = { main, rehearse, rehearseEnvironments };
