"use strict";
const { spawnSync } = require("node:child_process");
const { join } = require("node:path");
const { install } = require("./install");
const { exitWith } = require("./remedy");

const root = join(__dirname, "..", "..");

async function main() {
  try {
    await install(root);
  } catch (error) {
    exitWith(error);
  }
  spawnSync("npm", ["run", "--silent", "build:service"], { cwd: root, stdio: "inherit" });
  const { default: concurrently } = await import("concurrently");
  const { result } = concurrently(
    [
      { name: "build", command: "node service/build.mjs --watch" },
      {
        name: "service",
        command: "node --watch-path=service/dist --watch-preserve-output service/dist/main.js",
        env: { LOG_LEVEL: process.env.LOG_LEVEL || "info" },
      },
      { name: "web", command: "npm run --silent dev -w web" },
    ],
    { cwd: root, killOthersOn: ["failure", "success"], prefixColors: "auto" },
  );
  await result.catch(() => (process.exitCode = 1));
}

module.exports = { main };
