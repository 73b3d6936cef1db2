const { TestEnvironment } = require("jest-environment-jsdom");

/** jsdom with Node's own classes for fetch and streams, which jsdom lacks. */
module.exports = class extends TestEnvironment {
  async setup() {
    await super.setup();
    Object.assign(this.global, {
      Headers,
      ReadableStream,
      Request,
      Response,
      TextDecoder,
      TextEncoder,
    });
  }
};
