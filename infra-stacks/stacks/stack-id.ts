import { project } from "@berth/contract";
import type { AwsEnvironment } from "@berth/contract";

/** The layers of an environment, by how often they change: the first is made once, the last changes most. */
export const layers = ["state", "network", "storage", "identity", "node"] as const;

/** One layer of an environment; a stack with a state of its own. */
export type Layer = (typeof layers)[number];

/**
 * The id of a layer's stack: its name for `cdktf deploy` and the folder of its state.
 *
 * @example `berth-node-network`
 */
export function stackId(environment: Pick<AwsEnvironment, "name">, layer: Layer): string {
  return `${project}-${environment.name}-${layer}`;
}
