"use strict";
const { spawn } = require("node:child_process");
const { readdirSync } = require("node:fs");
const { join } = require("node:path");
const { install } = require("./install");
const { readPort, requireFreePort } = require("./port");
const { Remedy, exitWith } = require("./remedy");
const { step } = require("./step");

const usage = `usage: [PORT=8000] ./scripts/up

Installs the packages, builds, synthesizes the infrastructure and the manifests, and serves the page with the bundled
model and the embedded history. Needs Node and npm only. Ctrl-C ends it. What was done before is not done again.

  PORT       where the page is served (8000)
  HOST       the address to listen on (127.0.0.1)
  DATA_DIR   the folder of the history (.berth)
  LOG_LEVEL  warn; info shows every request`;

const root = join(__dirname, "..", "..");

/** The contract's facts that are needed before anything is installed; a test holds them against the contract. */
const facts = { port: 8000, host: "127.0.0.1", readyz: "/readyz" };

/** How long the service may take to become ready: it loads the model in about a second. */
const readyLimitMs = 60_000;

/** The environments that were synthesized, by their folders. */
function folders(path) {
  return readdirSync(join(root, path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

async function isReady(address) {
  try {
    return (await fetch(address + facts.readyz)).ok;
  } catch {
    return false;
  }
}

/** Starts the service in a process group of its own, so that Ctrl-C reaches it once, from here. */
function startService(port, host) {
  return spawn(process.execPath, [join(root, "service", "dist", "main.js")], {
    cwd: root,
    detached: true,
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      PORT: String(port),
      HOST: host,
      LOG_LEVEL: process.env.LOG_LEVEL || "warn",
      DATA_DIR: process.env.DATA_DIR || join(root, ".berth"),
      WEB_DIR: join(root, "web", "dist"),
    },
  });
}

async function serve(port, host) {
  const startedAt = Date.now();
  const service = startService(port, host);
  let ended;
  const exited = new Promise((resolve) =>
    service.once("exit", (code, signal) => {
      ended = signal ?? code ?? 1;
      resolve(undefined);
    }),
  );
  let interrupted = false;
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]))
    process.on(signal, () => {
      if (!interrupted) console.log("\nStopping ...");
      interrupted = true;
      // A closed terminal ends it as gently as Ctrl-C does.
      service.kill(signal === "SIGHUP" ? "SIGTERM" : signal);
    });
  process.on("exit", () => service.kill("SIGKILL"));

  const everywhere = ["127.0.0.1", "0.0.0.0", "::", "::1"];
  const shown = everywhere.includes(host) ? "localhost" : host.includes(":") ? `[${host}]` : host;
  const address = `http://${shown}:${port}`;
  while (ended === undefined && !(await isReady(address))) {
    if (interrupted) break;
    if (Date.now() - startedAt > readyLimitMs)
      throw new Remedy(
        `The service is not ready after ${readyLimitMs / 1000} s; its log is above.`,
      );
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  if (ended === undefined && !interrupted) announce(address);
  await exited;
  // Interrupted before it listened for signals, it ends by the signal itself.
  const asAsked = interrupted && (ended === 0 || typeof ended === "string");
  process.exitCode = asAsked ? 0 : typeof ended === "number" ? ended : 1;
  if (!interrupted) throw new Remedy("The service ended by itself; its log is above.");
}

function announce(address) {
  console.log(`
Berth is ready: ${address}

  page and API    ${address}  (API description: ${address}/openapi.json)
  infrastructure  cdktf.out/stacks/*/cdk.tf.json   ${folders("cdktf.out/stacks").length} stacks
  manifests       charts/manifests/*               ${folders("charts/manifests").join(", ")}

Ctrl-C ends it.`);
}

async function main() {
  if (process.argv.includes("--help") || process.argv.includes("-h")) return console.log(usage);
  if (process.argv.length > 2) {
    console.error(`Unknown: ${process.argv.slice(2).join(" ")}\n\n${usage}`);
    process.exit(2);
  }
  try {
    const port = readPort(process.env.PORT, facts.port);
    const host = process.env.HOST || facts.host;
    await requireFreePort(port, host);
    await install(root);
    await step("building and synthesizing", "npm", ["run", "--silent", "build"], { cwd: root });
    await serve(port, host);
  } catch (error) {
    exitWith(error);
  }
}

module.exports = { facts, main };
