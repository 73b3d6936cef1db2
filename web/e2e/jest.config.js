const { moduleNameMapper } = require("../jest.config.js");

module.exports = {
  ...require("../../jest.preset"),
  displayName: "web e2e",
  rootDir: "..",
  testMatch: ["<rootDir>/e2e/**/*.e2e.ts"],
  moduleNameMapper,
  // A real browser on a machine that may be busy.
  testTimeout: 90_000,
  maxWorkers: 1,
};
