import { assertNever } from "./assert-never";
import { awsName } from "./aws-names";
import type { AwsEnvironment } from "./environments";

/** One layer of an environment on AWS; a stack with a state of its own. */
export type Layer = "state" | "network" | "storage" | "identity" | "node" | "cluster" | "backup";

/** The layers of an environment, in the order in which they are deployed. */
export function layersOf({ kind }: Pick<AwsEnvironment, "kind">): readonly Layer[] {
  switch (kind) {
    case "node":
      return ["state", "network", "storage", "identity", "node", "backup"];
    case "eks":
      return ["state", "network", "storage", "identity", "cluster"];
    default:
      return assertNever(kind);
  }
}

/** Where a layer's state lies in its environment's state bucket. */
export function stateKey(environment: Pick<AwsEnvironment, "name">, layer: Layer): string {
  return `${awsName(environment, layer)}/terraform.tfstate`;
}
