import { awsName } from "@berth/contract";
import type { AwsEnvironment, Layer } from "@berth/contract";
import type { Construct } from "constructs";

/** What an app's context calls the one environment whose stacks are named after their layers alone. */
export const soleEnvironment = "soleEnvironment";

/**
 * The id of a layer's stack: its name for `cdktf deploy`, and its folder in the output. Nothing on AWS is named after it, nor the
 * key of its state.
 *
 * @param scope the app; where its context names the environment as its only one, the layer is name enough
 * @example `berth-node-network`
 */
export function stackId(
  environment: Pick<AwsEnvironment, "name">,
  layer: Layer,
  scope?: Construct,
): string {
  const sole: unknown = scope?.node.tryGetContext(soleEnvironment);
  return sole === environment.name ? layer : awsName(environment, layer);
}
