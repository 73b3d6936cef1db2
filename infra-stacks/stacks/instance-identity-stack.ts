import type { ModelArtifact, NodeEnvironment } from "@berth/contract";
import type { Construct } from "constructs";
import { InstanceRole } from "../constructs/instance-role";
import type { PrivateBucket } from "../constructs/private-bucket";
import { AwsStack } from "./aws-stack";
import type { AwsStackProps } from "./aws-stack";
import { stackId } from "./stack-id";

export interface InstanceIdentityStackProps extends AwsStackProps {
  readonly environment: NodeEnvironment;
  readonly models: PrivateBucket;
  readonly model: ModelArtifact;
}

/** Who the machine of a `node` environment is, and what it may do. */
export class InstanceIdentityStack extends AwsStack {
  readonly role: InstanceRole;

  constructor(scope: Construct, props: InstanceIdentityStackProps) {
    super(scope, "identity", props);
    this.role = new InstanceRole(this, "node", {
      name: stackId(props.environment, "node"),
      models: props.models,
      model: props.model,
    });
  }
}
