import { everyOption } from "./support/every-option";
import { stackOf, synthesize } from "./support/synthesize";
import { broken, faultsOf, invariants } from "./invariants";
import { mutated } from "./mutants/mutate";
import { mutants } from "./mutants/mutants";

const stacks = synthesize({ environments: everyOption });
const caughtHere = mutants.filter(({ caughtBy }) => typeof caughtBy === "string");

describe("in every stack of every environment and option", () => {
  it.each(invariants.map((invariant) => [invariant.name, invariant] as const))("%s", (_, one) => {
    expect(faultsOf(stacks, one)).toEqual([]);
  });

  it("there are stacks of every layer to look at", () => {
    const layers = new Set(Object.keys(stacks).map((id) => id.split("-").at(-1)));
    expect([...layers].sort()).toEqual([
      "backup",
      "cluster",
      "identity",
      "network",
      "node",
      "state",
      "storage",
    ]);
  });
});

describe("a mistake in one stack", () => {
  it.each(caughtHere.map((mutant) => [mutant.name, mutant.caughtBy, mutant] as const))(
    "%s: caught, since %s",
    (_, caughtBy, mutant) => {
      expect(broken(mutated(stacks, mutant), mutant.stack)).toContain(caughtBy);
    },
  );

  it.each(mutants)("$name: is a mistake that the stack did not have", (mutant) => {
    expect(mutated(stacks, mutant)).not.toEqual(stackOf(stacks, mutant.stack));
  });

  it("is tried against every invariant: each catches one", () => {
    const catching = new Set(caughtHere.map(({ caughtBy }) => caughtBy));
    expect(invariants.map(({ name }) => name).filter((name) => !catching.has(name))).toEqual([]);
  });

  it("is tried often enough, and each under its own name", () => {
    expect(mutants.length).toBeGreaterThanOrEqual(50);
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
  });
});
