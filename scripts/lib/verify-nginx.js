"use strict";
const { runJest } = require("./run-jest");
const { installNginx } = require("./tools");

/** Tests that need the machine for themselves, since they hold a load for minutes; by the name of their file. */
const rollingRestarts = "rolling-restart.test.ts";

/** Two replicas behind a real nginx, restarted under load. A skipped test counts as failed. */
async function verifyNginx(root, folder, tally) {
  const env = { ...process.env, BERTH_TEST_NGINX: await installNginx(folder) };
  const args = ["--selectProjects=service", `--testPathPatterns=${rollingRestarts}`];
  const outcome = await runJest(root, args, env);
  for (const name of outcome.skipped.splice(0)) outcome.failed.push(`${name} (skipped)`);
  tally.add(outcome);
}

module.exports = { rollingRestarts, verifyNginx };
