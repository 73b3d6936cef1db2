"use strict";

/** Counts checks and tests, and ends a script with one plain line. */
class Tally {
  passed = 0;
  /** @type {string[]} */
  failed = [];
  /** @type {string[]} */
  skipped = [];

  /** Runs a check that counts as one test; one that throws is failed, and the next still runs. */
  async check(name, run) {
    try {
      await run();
      this.passed++;
    } catch (error) {
      console.error(`${error.message}\n`);
      this.failed.push(name);
    }
  }

  /** Adds the tests of a jest run. @param {import("./run-jest").Outcome} outcome */
  add(outcome) {
    this.passed += outcome.passed;
    this.failed.push(...outcome.failed);
    this.skipped.push(...outcome.skipped);
  }

  /** Prints what failed and what was skipped, the plain summary last, and sets the exit code. */
  close() {
    for (const name of this.skipped) console.log(`skipped: ${name}`);
    for (const name of this.failed) console.log(`failed: ${name}`);
    console.log(
      `Tests: ${this.passed} passed, ${this.failed.length} failed, ${this.skipped.length} skipped`,
    );
    process.exitCode = this.failed.length === 0 ? 0 : 1;
  }
}

module.exports = { Tally };
