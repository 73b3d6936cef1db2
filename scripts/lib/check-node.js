// Read by whatever Node a machine has, so in the syntax of long ago.
"use strict";

var required = [20, 19];

/** What is wrong with a Node version such as "v18.1.0", or null. */
function nodeFault(version) {
  var parts = version.replace(/^v/, "").split(".").map(Number);
  var newEnough = parts[0] > required[0] || (parts[0] === required[0] && parts[1] >= required[1]);
  if (newEnough) return null;
  return (
    "Node " +
    required.join(".") +
    " or later is needed, this is " +
    version +
    " (" +
    process.execPath +
    ").\n" +
    "Install a newer one from https://nodejs.org, or run `nvm install` here: .nvmrc names the version."
  );
}

/** Ends the program with a remedy if Node is too old. */
function requireNode() {
  var fault = nodeFault(process.version);
  if (fault === null) return;
  console.error(fault);
  process.exit(1);
}

module.exports = { nodeFault: nodeFault, requireNode: requireNode };
