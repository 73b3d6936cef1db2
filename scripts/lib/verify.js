"use strict";
const { spawn } = require("node:child_process");
const { existsSync, mkdirSync, mkdtempSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { freePort, withServer } = require("./background");
const { synthesizeEveryOption } = require("./every-option");
const { install } = require("./install");
const { exitWith } = require("./remedy");
const { runJest } = require("./run-jest");
const { scanStacks } = require("./scan-stacks");
const { step } = require("./step");
const { synthDifferences } = require("./synth-check");
const { Tally } = require("./tally");
const { buildMongoDouble, has, installCheckov, installChromium, installMoto } = require("./tools");
const { verifyMetrics } = require("./verify-metrics");
const { rollingRestarts, verifyNginx } = require("./verify-nginx");
const { verifyRehearsal } = require("./verify-rehearsal");
const { verifySchemathesis } = require("./verify-schemathesis");

const usage = `usage: ./scripts/verify

Runs the checks that need real servers and tools, and installs those: the history against a server of MongoDB's
protocol (Go), the model registry against a double of S3 (Python), the service under generated requests (schemathesis,
Python), its metrics in Prometheus, two replicas behind nginx, the page in Chromium against ./scripts/up, the CDK
command lines, Terraform's own validation, checkov, and every stack made and destroyed in a double of AWS. A tool that
is absent and cannot be installed fails its checks.`;

const root = join(__dirname, "..", "..");
const folder = join(root, "node_modules", ".cache", "berth-verify");
const options = { cwd: root };
/** Strict schema checks, where they lie beside the project. */
const schemaChecks = join(root, "..", "shared", "check");

/** The stores against real servers: nothing of the service's tests is left to skip, but what has a part of its own. */
async function verifyStores(tally) {
  const mongo = await buildMongoDouble(root, folder);
  const moto = await installMoto(root, folder);
  const data = mkdtempSync(join(tmpdir(), "berth-mongodb-"));
  const [mongoPort, s3Port] = [await freePort(), await freePort()];
  try {
    await withServer(
      { command: mongo, args: [`127.0.0.1:${mongoPort}`, data], port: mongoPort },
      () =>
        withServer(
          { command: moto, args: ["-H", "127.0.0.1", "-p", String(s3Port)], port: s3Port },
          async () => {
            const env = {
              ...process.env,
              BERTH_TEST_MONGODB_URI: `mongodb://127.0.0.1:${mongoPort}/`,
              BERTH_TEST_S3_ENDPOINT: `http://127.0.0.1:${s3Port}`,
            };
            const args = [
              "--selectProjects=service",
              `--testPathIgnorePatterns=${rollingRestarts}`,
            ];
            const outcome = await runJest(root, args, env);
            for (const name of outcome.skipped.splice(0)) outcome.failed.push(`${name} (skipped)`);
            tally.add(outcome);
          },
        ),
    );
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

/** The stacks, made in a double of AWS. */
function verifyStacks(tally) {
  return verifyRehearsal(root, folder, tally);
}

/** The service under generated requests, valid and not. */
function verifyRequests(tally) {
  return verifySchemathesis(root, folder, tally);
}

/** The service's metrics, read by Prometheus itself. */
function verifyScrape(tally) {
  return verifyMetrics(root, folder, tally);
}

/** Rolling restarts, after everything else that computes. */
function verifyRollingRestarts(tally) {
  return verifyNginx(root, folder, tally);
}

/** `./scripts/up` as a person uses it, the page in a real browser, and Ctrl-C at the end. */
async function verifyPage(tally) {
  const chromium = await installChromium();
  const port = await freePort();
  const data = mkdtempSync(join(tmpdir(), "berth-up-"));
  const up = spawn(process.execPath, ["scripts/up"], {
    cwd: root,
    env: { ...process.env, PORT: String(port), DATA_DIR: data },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = new Promise((resolve) =>
    up.once("exit", (code, signal) => resolve(signal ?? code)),
  );
  try {
    await new Promise((resolve, reject) => {
      let output = "";
      up.stdout.on("data", (chunk) => {
        output += chunk;
        if (output.includes("Ctrl-C ends it.")) resolve(undefined);
      });
      void exited.then((status) =>
        reject(new Error(`./scripts/up ended with ${status}:\n${output}`)),
      );
    });
    const env = { ...process.env, BERTH_URL: `http://localhost:${port}`, CHROMIUM: chromium };
    tally.add(await runJest(root, ["--config", "web/e2e/jest.config.js"], env));
  } finally {
    up.kill("SIGINT");
    const status = await exited;
    rmSync(data, { recursive: true, force: true });
    await tally.check("./scripts/up ends cleanly on Ctrl-C", () => {
      if (status !== 0) throw new Error(`./scripts/up ended with ${status}`);
    });
  }
}

/** The command lines of the CDKs write what the apps write without them. */
async function verifyCommandLines(tally) {
  const env = { ...process.env, CHECKPOINT_DISABLE: "1", DISABLE_VERSION_CHECK: "1", CI: "1" };
  await tally.check("cdk8s synth writes the same manifests", async () => {
    await step("cdk8s synth", "npx", ["--yes", "cdk8s-cli@2.207.60", "synth"], { cwd: root, env });
    const differing = synthDifferences(root);
    if (differing.length > 0)
      throw new Error(`cdk8s synth wrote something else:\n${differing.join("\n")}`);
  });
  await tally.check("cdktf synth", () =>
    step("cdktf synth", "npx", ["--yes", "cdktf-cli@0.21.0", "synth"], { cwd: root, env }),
  );
  await tally.check("CDKTF's successor synthesizes the same", () =>
    step("check-cdktn", "scripts/check-cdktn", [], options),
  );
}

/** The stacks of every environment and option, read by Terraform and held against its provider's schemas. */
async function verifyEveryOption(tally) {
  const outdir = mkdtempSync(join(tmpdir(), "berth-stacks-"));
  const stacks = join(outdir, "stacks");
  try {
    synthesizeEveryOption(root, outdir);
    if (has("terraform"))
      await tally.check("terraform validate", () =>
        step("terraform validate", "scripts/validate-terraform", [stacks], options),
      );
    else tally.skipped.push("terraform validate: there is no terraform on the PATH");
    if (existsSync(schemaChecks))
      await tally.check("schemas of Terraform's AWS provider", () =>
        step(
          "AWS provider's schemas",
          process.execPath,
          [join(schemaChecks, "terraform.mjs"), stacks],
          options,
        ),
      );
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** What is synthesized, held against tools that know what AWS and Kubernetes take. */
async function verifySynthesized(tally) {
  await verifyEveryOption(tally);
  const checkov = await installCheckov(root, folder);
  await tally.check("checkov finds nothing but the written exceptions", async () =>
    console.log(`  ${await scanStacks(checkov)}`),
  );
  if (!existsSync(schemaChecks)) return;
  for (const version of ["1.27", "1.33"])
    await tally.check(`schemas of Kubernetes ${version}`, () =>
      step(
        `schemas of Kubernetes ${version}`,
        process.execPath,
        [join(schemaChecks, "kubernetes.mjs"), "charts/manifests", version],
        options,
      ),
    );
}

async function main() {
  if (process.argv.includes("--help") || process.argv.includes("-h")) return console.log(usage);
  mkdirSync(folder, { recursive: true });
  try {
    await install(root);
    await step("building and synthesizing", "npm", ["run", "--silent", "build"], options);
  } catch (error) {
    exitWith(error);
  }
  const tally = new Tally();
  const parts = [
    verifySynthesized,
    verifyStacks,
    verifyStores,
    verifyRequests,
    verifyScrape,
    verifyRollingRestarts,
    verifyPage,
    verifyCommandLines,
  ];
  for (const part of parts)
    try {
      await part(tally);
    } catch (error) {
      console.error(`${error.message}\n`);
      tally.failed.push(`${part.name}: ${error.message.split("\n")[0]}`);
    }
  tally.close();
}

module.exports = { main };
