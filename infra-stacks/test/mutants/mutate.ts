import type { StackJson } from "../support/stack-json";
import { stackOf } from "../support/synthesize";
import type { Synthesized } from "../support/synthesize";
import type { Mutant } from "./mutant";

/** A mutant's stack, with its mistake in it. */
export function mutated(stacks: Synthesized, { stack, mutate }: Mutant): StackJson {
  const copy = structuredClone(stackOf(stacks, stack));
  mutate(copy);
  return copy;
}
