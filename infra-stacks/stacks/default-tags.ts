import { project } from "@berth/contract";
import type { AwsEnvironment } from "@berth/contract";

/** The tags of everything in an environment. The provider puts them on every resource that can carry tags. */
export function defaultTags(environment: AwsEnvironment): Record<string, string> {
  return {
    project,
    environment: environment.name,
    owner: environment.owner,
    "cost-centre": environment.costCentre,
  };
}
