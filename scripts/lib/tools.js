"use strict";
const { spawnSync } = require("node:child_process");
const { existsSync, mkdirSync, readdirSync, rmSync } = require("node:fs");
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

/**
 * What a requirements file in scripts/tools names, installed with pip into an environment of its own.
 *
 * @returns its programs' folder
 */
async function installPython(root, folder, { name, requirements, label }) {
  if (!has("python3"))
    throw new Remedy(`There is no Python 3 with venv, for ${label}: install it.`);
  const environment = join(folder, name);
  if (!existsSync(environment))
    await step("making a Python environment", "python3", ["-m", "venv", environment]);
  await step(`installing ${label}`, join(environment, "bin", "pip"), [
    "install",
    "--quiet",
    "--requirement",
    join(root, "scripts", "tools", requirements),
  ]);
  return join(environment, "bin");
}

/** The double of AWS and schemathesis. @returns their programs' folder */
async function installPythonTools(root, folder) {
  return installPython(root, folder, {
    name: "python",
    requirements: "requirements.txt",
    label: "a double of AWS, and schemathesis",
  });
}

/** checkov, whose own pins would meet those of the other tools. @returns its path */
async function installCheckov(root, folder) {
  const bin = await installPython(root, folder, {
    name: "checkov",
    requirements: "checkov.txt",
    label: "checkov",
  });
  return join(bin, "checkov");
}

/** A double of S3. @returns the server's path */
async function installMoto(root, folder) {
  return join(await installPythonTools(root, folder), "moto_server");
}

/**
 * A Debian package, unpacked into a folder of its own, where nothing starts what it brings.
 *
 * @returns the folder that stands for the root of the file system
 */
async function unpackDebian(folder, name) {
  const unpacked = join(folder, name);
  if (existsSync(unpacked)) return unpacked;
  if (!has("apt-get") || !has("dpkg-deb"))
    throw new Remedy(`There is no ${name} on the PATH, and no apt-get to download it: install it.`);
  const download = join(folder, `${name}-package`);
  rmSync(download, { recursive: true, force: true });
  mkdirSync(download);
  if (process.getuid?.() === 0) await step("apt-get update", "apt-get", ["update"]);
  await step(`downloading ${name}`, "apt-get", ["download", name], { cwd: download });
  const [file] = readdirSync(download);
  await step(`unpacking ${name}`, "dpkg-deb", ["-x", join(download, file), unpacked]);
  rmSync(download, { recursive: true });
  return unpacked;
}

/** Prometheus and promtool: those on the PATH, or Debian's. @returns their paths */
async function installPrometheus(folder) {
  const programs = ["prometheus", "promtool"];
  if (programs.every(has)) return { prometheus: "prometheus", promtool: "promtool" };
  const unpacked = await unpackDebian(folder, "prometheus");
  const [prometheus, promtool] = programs.map((name) => join(unpacked, "usr", "bin", name));
  return { prometheus, promtool };
}

/** nginx: that on the PATH, or Debian's. @returns its path */
async function installNginx(folder) {
  if (has("nginx")) return "nginx";
  const program = join(await unpackDebian(folder, "nginx"), "usr", "sbin", "nginx");
  const { status, stderr } = spawnSync(program, ["-v"], { encoding: "utf8" });
  if (status !== 0) throw new Remedy(`Debian's nginx does not run here: install nginx.\n${stderr}`);
  return program;
}

module.exports = {
  buildMongoDouble,
  has,
  installCheckov,
  installChromium,
  installMoto,
  installNginx,
  installPrometheus,
  installPythonTools,
};
