import { parseEnvironment, parseEnvironments } from "../src";
import { invalidEnvironments, invalidTogether } from "./fixtures/invalid-environments";

/** What is said against a configuration. */
function refusal(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    return (error as Error).message;
  }
  return "(taken)";
}

// The snapshot holds each message as it was reviewed: the field, the value received, and what to do.
describe("fails, with the field, the value and the remedy, for", () => {
  it.each(invalidEnvironments)("%s", (_, environment) => {
    const message = refusal(() => parseEnvironment(environment));
    expect(message).toMatch(/^Environment ".*" is wrong:\n- \S+ is .+/);
    expect(message).toMatchSnapshot();
  });

  it.each(invalidTogether)("%s of two environments", (_, environments) => {
    const message = refusal(() => parseEnvironments(environments));
    expect(message).toMatch(/^Environments are in each other's way:\n- \S+ /);
    expect(message).toMatchSnapshot();
  });

  it("at least thirty configurations", () => {
    expect(invalidEnvironments.length + invalidTogether.length).toBeGreaterThanOrEqual(30);
  });
});
