module.exports = {
  ...require("../jest.preset"),
  displayName: "web",
  testEnvironment: "<rootDir>/test/support/jsdom-environment.js",
  moduleNameMapper: {
    "\\.module\\.css$": "<rootDir>/test/support/css-module.js",
    "\\.css$": "<rootDir>/test/support/empty.js",
  },
  setupFilesAfterEnv: ["<rootDir>/test/support/setup.ts"],
};
