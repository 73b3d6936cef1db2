"use strict";

/** A fault that the person at the keyboard can mend; its message says how. */
class Remedy extends Error {}

/** Ends a script: with the remedy alone where there is one, with the stack where nobody foresaw the fault. */
function exitWith(error) {
  console.error(error instanceof Remedy ? `\n${error.message}` : error);
  process.exit(1);
}

/** @type {[RegExp, string][]} What a failed step printed, and what helps. */
const known = [
  [
    /ENOSPC|no space left on device/i,
    "The disk is full. Free about 2 GB (df -h shows where) and run it again.",
  ],
  [/EACCES|EPERM/, "A file cannot be written. Check who owns this folder: ls -ld . node_modules"],
  [
    /npm error.*(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|network)/,
    "The npm registry cannot be reached. Check the network or the proxy, and run it again.",
  ],
  [
    /EUSAGE|npm ci.*package-lock/s,
    "package-lock.json and package.json differ. Run npm install and commit package-lock.json.",
  ],
];

/** The remedy for a step's output, or an empty string. */
function remedyFor(output) {
  const found = known.find(([pattern]) => pattern.test(output));
  return found === undefined ? "" : found[1];
}

module.exports = { Remedy, exitWith, remedyFor };
