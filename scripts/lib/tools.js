"use strict";
const { spawnSync } = require("node:child_process");
const { existsSync } = require("node:fs");
const { join } = require("node:path");
const { Remedy } = require("./remedy");
const { step } = require("./step");

/** Whether a program is on the PATH. */
function has(program) {
  return spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
}

/** Chromium, from Debian's package where it is not there yet. @returns its path */
async function installChromium() {
  const path = process.env.CHROMIUM ?? "/usr/bin/chromium";
  if (existsSync(path)) return path;
  if (!has("apt-get") || process.getuid?.() !== 0)
    throw new Remedy(`There is no Chromium at ${path}. Install it, or set CHROMIUM to its path.`);
  const options = { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
  await step("apt-get update", "apt-get", ["update"], options);
  await step(
    "installing Chromium",
    "apt-get",
    ["install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"],
    options,
  );
  if (!existsSync(path))
    throw new Remedy(`Chromium was installed, but not at ${path}: set CHROMIUM.`);
  return path;
}

/** A server of MongoDB's wire protocol, built with Go. @returns its path */
async function buildMongoDouble(root, folder) {
  if (!has("go"))
    throw new Remedy(
      "The server for the MongoDB tests is built with Go: install Go 1.22 or later.",
    );
  const program = join(folder, "mongodb-double");
  await step("building a server of MongoDB's protocol", "go", ["build", "-o", program, "."], {
    cwd: join(root, "scripts", "tools", "mongodb-double"),
  });
  return program;
}

/** A double of S3, installed with pip into an environment of its own. @returns the server's path */
async function installMoto(root, folder) {
  if (!has("python3")) throw new Remedy("The double of S3 needs Python 3 with venv: install it.");
  const environment = join(folder, "python");
  if (!existsSync(environment))
    await step("making a Python environment", "python3", ["-m", "venv", environment]);
  const requirements = join(root, "scripts", "tools", "requirements.txt");
  await step("installing a double of S3", join(environment, "bin", "pip"), [
    "install",
    "--quiet",
    "--requirement",
    requirements,
  ]);
  return join(environment, "bin", "moto_server");
}

module.exports = { buildMongoDouble, has, installChromium, installMoto };
