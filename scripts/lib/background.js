"use strict";
const { spawn } = require("node:child_process");
const { createServer, connect } = require("node:net");
const { Remedy } = require("./remedy");

/** How long a server may take until it listens. */
const listenLimitMs = 60_000;

/** A port on loopback that nothing uses now. */
function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (probe.address());
      probe.close(() => resolve(port));
    });
  });
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/**
 * Starts a server, runs something with it, and ends it, whatever happens.
 *
 * @param {{command: string, args: string[], port: number, env?: NodeJS.ProcessEnv, cwd?: string}} server
 * @param {() => Promise<void>} use
 */
async function withServer({ command, args, port, env, cwd }, use) {
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let ended = false;
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => (output += chunk));
  const exited = new Promise((resolve) => child.once("exit", resolve)).then(() => (ended = true));
  child.once("error", (error) => {
    output += error.message;
    ended = true;
  });
  try {
    const startedAt = Date.now();
    while (!(await accepts(port))) {
      if (ended || Date.now() - startedAt > listenLimitMs)
        throw new Remedy(`${command} does not listen on port ${port}:\n${output.slice(-2000)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await use();
  } finally {
    if (!ended) {
      child.kill("SIGTERM");
      await exited;
    }
  }
}

module.exports = { freePort, withServer };
