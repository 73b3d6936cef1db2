import { natGateways, parseEnvironment } from "@berth/contract";
import type { AwsEnvironment } from "@berth/contract";

/** An environment with one option set otherwise. */
export interface Variant {
  /** Such as `natGateways: single`. */
  readonly change: string;
  readonly environment: AwsEnvironment;
}

/** What an environment could be with one of the options that decide about its cost set otherwise. */
export function variantsOf(environment: AwsEnvironment): Variant[] {
  const changed = (change: object): Variant => ({
    change: Object.entries(change)
      .map(([name, value]) => `${name}: ${String(value)}`)
      .join(", "),
    environment: parseEnvironment({ ...environment, ...change }) as AwsEnvironment,
  });
  const spot = environment.kind === "node" ? [changed({ spot: !environment.spot })] : [];
  // A cluster's machines are in private subnets, and do not come up without a way out.
  const nat = natGateways.filter(
    (one) => one !== environment.natGateways && !(environment.kind === "eks" && one === "none"),
  );
  return [...spot, ...nat.map((one) => changed({ natGateways: one }))];
}
