module.exports = {
  ...require("../jest.preset"),
  displayName: "service",
  // Tests of the whole service run what is built, so it is built first.
  globalSetup: "<rootDir>/test/support/build.js",
};
