import { environments, parseEnvironment } from "@berth/contract";
import type { Environment } from "@berth/contract";
import { eks, node } from "./fixtures";

/** A fixture with one option set otherwise, under a name of its own. */
function variant(base: typeof node | typeof eks, option: string, change: object): Environment {
  const name = `${base.name}-${option}`;
  return parseEnvironment({
    ...base,
    name,
    modelBucket: `berth-example-${name}-models`,
    stateBucket: `berth-example-${name}-state`,
    ...change,
  });
}

/** Every environment of the contract, and a variant for each option that none of them takes. */
export const everyOption: readonly Environment[] = [
  ...environments,
  variant(node, "fixed-performance", { instanceType: "m6i.large" }),
  variant(node, "one-zone", { availabilityZones: ["eu-central-1a"] }),
  variant(eks, "two-zones", { availabilityZones: ["eu-central-1a", "eu-central-1b"] }),
];
