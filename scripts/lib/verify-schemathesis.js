"use strict";
const { mkdtempSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { freePort, withServer } = require("./background");
const { step } = require("./step");
const { installPythonTools } = require("./tools");

/** Requests of each class, over all endpoints. About three minutes on two cores. */
const wanted = 10_000;

/** Requests of each class of the run whose answers are broken on purpose. */
const wantedBroken = 300;

/** What a check that works says of the answers that are broken on purpose. */
const reported = [
  "Server error",
  "Undocumented status code",
  "Response violates schema",
  "Schema-violating request accepted",
];

/** How long a service may take until its model is ready. */
const readyLimitMs = 60_000;

/**
 * Runs the generator of requests.
 *
 * @returns {Promise<{valid: Class, invalid: Class, failed: Record<string, number>, failures: unknown[]}>}
 * @typedef {{total: number, by: Record<string, number>}} Class
 */
async function generate(root, bin, args) {
  const program = join(root, "scripts", "tools", "schemathesis", "run.py");
  const name = `generated requests${args.includes("--breaking-hook") ? ", answers broken on purpose" : ""}`;
  const output = await step(name, join(bin, "python"), [program, ...args], { cwd: root });
  return JSON.parse(output.trimEnd().split("\n").at(-1) ?? "");
}

async function untilReady(url) {
  const startedAt = Date.now();
  while (!(await fetch(`${url}/readyz`).then(({ ok }) => ok))) {
    if (Date.now() - startedAt > readyLimitMs) throw new Error(`${url} does not become ready`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function describe({ total, by }) {
  const rows = Object.entries(by).map(([answer, count]) => `${count} ${answer}`);
  return `${total} (${rows.join(", ")})`;
}

/**
 * The built service, asked 10,000 valid and 10,000 invalid things that schemathesis makes from its OpenAPI document: no
 * 5xx, every invalid one refused, every answer as the document says.
 *
 * @param {string} root the project's root
 * @param {string} folder for the Python environment
 * @param {import("./tally").Tally} tally
 */
async function verifySchemathesis(root, folder, tally) {
  const bin = await installPythonTools(root, folder);
  const data = mkdtempSync(join(tmpdir(), "berth-schemathesis-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = { ...process.env, PORT: String(port), DATA_DIR: data, LOG_LEVEL: "error" };
  const service = {
    command: process.execPath,
    args: ["service/dist/main.js"],
    port,
    env,
    cwd: root,
  };
  try {
    await withServer(service, async () => {
      await untilReady(url);
      await tally.check(
        "schemathesis: every answer fits, every invalid request is refused",
        async () => {
          const counts = ["--valid", String(wanted), "--invalid", String(wanted)];
          const { valid, invalid, failed, failures } = await generate(root, bin, [url, ...counts]);
          console.log(`  valid: ${describe(valid)}\n  invalid, refused: ${describe(invalid)}`);
          if (failures.length > 0)
            throw new Error(
              `schemathesis found ${JSON.stringify(failed)}:\n${JSON.stringify(failures, null, 2)}`,
            );
          for (const [name, { total }] of Object.entries({ valid, invalid }))
            if (total < wanted)
              throw new Error(`only ${total} of ${wanted} ${name} requests were made`);
        },
      );
      await tally.check(
        "schemathesis: answers that are broken on purpose are reported",
        async () => {
          const counts = ["--valid", String(wantedBroken), "--invalid", String(wantedBroken)];
          const { failed } = await generate(root, bin, [url, ...counts, "--breaking-hook"]);
          const missed = reported.filter((title) => !(title in failed));
          if (missed.length > 0) throw new Error(`not reported: ${missed.join(", ")}`);
        },
      );
    });
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

module.exports = { verifySchemathesis };
