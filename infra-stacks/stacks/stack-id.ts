import { awsName } from "@berth/contract";
import type { AwsEnvironment, Layer } from "@berth/contract";

/**
 * The id of a layer's stack: its name for `cdktf deploy` and the folder of its state.
 *
 * @example `berth-node-network`
 */
export function stackId(environment: Pick<AwsEnvironment, "name">, layer: Layer): string {
  return awsName(environment, layer);
}
