import { assertNever } from "@berth/contract";
import type { Environment } from "@berth/contract";
import type { App } from "cdktf";
import type { AwsStack } from "./aws-stack";
import { BackupStack } from "./backup-stack";
import { ClusterStack } from "./cluster-stack";
import { InstanceIdentityStack } from "./instance-identity-stack";
import { NetworkStack } from "./network-stack";
import { NodeStack } from "./node-stack";
import { PodIdentityStack } from "./pod-identity-stack";
import { StateStack } from "./state-stack";
import { StorageStack } from "./storage-stack";

export interface AddEnvironmentsOptions {
  readonly environments: readonly Environment[];
  /**
   * Name of the environment whose state bucket does not exist yet: its `state` stack keeps a local state.
   *
   * @default every state bucket exists
   */
  readonly bootstrap?: string;
}

/**
 * Adds the stacks of every environment that stands on AWS.
 *
 * @returns the stacks, in the order in which they are deployed
 * @throws {Error} when `bootstrap` names no environment on AWS
 */
export function addEnvironments(app: App, options: AddEnvironmentsOptions): AwsStack[] {
  const { environments, bootstrap } = options;
  const onAws = environments.filter((environment) => environment.kind !== "local");
  if (bootstrap !== undefined && !onAws.some((environment) => environment.name === bootstrap))
    throw new Error(
      `bootstrap is ${JSON.stringify(bootstrap)}: name one of ${onAws.map((environment) => environment.name).join(", ")}`,
    );
  return environments.flatMap((environment) => addEnvironment(app, environment, options));
}

function addEnvironment(
  app: App,
  environment: Environment,
  { bootstrap }: AddEnvironmentsOptions,
): AwsStack[] {
  if (environment.kind === "local") return [];

  const state = new StateStack(app, {
    environment,
    stateBackend: environment.name === bootstrap ? "local" : "bucket",
  });
  const network = new NetworkStack(app, { environment });
  const storage = new StorageStack(app, { environment });
  const foundation = [state, network, storage];

  switch (environment.kind) {
    case "node": {
      const identity = new InstanceIdentityStack(app, { environment, storage });
      const node = new NodeStack(app, {
        environment,
        network: network.network,
        role: identity.role,
        storage,
      });
      return [...foundation, identity, node, new BackupStack(app, { environment })];
    }
    case "eks": {
      const identity = new PodIdentityStack(app, { environment, storage });
      const cluster = new ClusterStack(app, {
        environment,
        network: network.network,
        podRoles: identity.roles,
      });
      return [...foundation, identity, cluster];
    }
    default:
      return assertNever(environment);
  }
}
