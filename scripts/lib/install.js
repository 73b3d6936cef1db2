"use strict";
const { createHash } = require("node:crypto");
const { existsSync, readFileSync, statfsSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { Remedy } = require("./remedy");
const { step } = require("./step");

/** What the installed packages and a build take, with some room. */
const neededBytes = 2 * 1024 ** 3;

/** Changes when the installation must: the lockfile, npm's settings, Node's binary interface, the platform. */
function fingerprint(root) {
  const hash = createHash("sha256");
  for (const file of ["package-lock.json", ".npmrc"]) hash.update(readFileSync(join(root, file)));
  hash.update([process.versions.modules, process.platform, process.arch].join());
  return hash.digest("hex");
}

/** @throws {Remedy} if the disk has too little room for an installation */
function requireDisk(root) {
  const { bavail, bsize } = statfsSync(root);
  const free = Number(bavail) * Number(bsize);
  if (free >= neededBytes) return;
  const gigabytes = (bytes) => (bytes / 1024 ** 3).toFixed(1);
  throw new Remedy(
    `The disk has ${gigabytes(free)} GB free; an installation takes ${gigabytes(neededBytes)} GB. ` +
      "Free some (df -h shows where) and run it again.",
  );
}

/** Installs from the lockfile, unless that was done. No script of any package is run (.npmrc). */
async function install(root) {
  const stamp = join(root, "node_modules", ".berth-installed");
  const wanted = fingerprint(root);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  requireDisk(root);
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  await step("installing packages from the lockfile", npm, ["ci", "--prefer-offline"], {
    cwd: root,
    shell: process.platform === "win32",
  });
  writeFileSync(stamp, wanted);
}

module.exports = { fingerprint, install, requireDisk };
