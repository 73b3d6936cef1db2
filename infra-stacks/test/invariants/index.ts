import type { StackJson } from "../support/stack-json";
import type { Synthesized } from "../support/synthesize";
import { bucketInvariants } from "./buckets";
import { clusterInvariants } from "./cluster";
import { identityInvariants } from "./identity";
import type { Invariant } from "./invariant";
import { machineInvariants } from "./machines";
import { networkInvariants } from "./network";
import { stateInvariants } from "./states";

/** Everything that holds for every stack of every environment and option. */
export const invariants: readonly Invariant[] = [
  ...stateInvariants,
  ...networkInvariants,
  ...bucketInvariants,
  ...identityInvariants,
  ...machineInvariants,
  ...clusterInvariants,
];

/** The names of the invariants that one stack breaks. */
export function broken(stack: StackJson, id: string): string[] {
  return invariants.filter(({ faults }) => faults(stack, id).length > 0).map(({ name }) => name);
}

/** Where the stacks break an invariant. */
export function faultsOf(stacks: Synthesized, { faults }: Invariant): string[] {
  return Object.entries(stacks).flatMap(([id, stack]) => faults(stack, id));
}
