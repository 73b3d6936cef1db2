const { spawnSync } = require("node:child_process");
const { join } = require("node:path");

module.exports = () => {
  const { status } = spawnSync(process.execPath, [join(__dirname, "..", "..", "build.mjs")], {
    stdio: "inherit",
  });
  if (status !== 0) throw new Error("the service does not build");
};
