import { componentName, namespace, project } from "@berth/contract";
import type { EksEnvironment, ModelArtifact } from "@berth/contract";
import type { Construct } from "constructs";
import { PodRole } from "../constructs/pod-role";
import type { PrivateBucket } from "../constructs/private-bucket";
import { AwsStack } from "./aws-stack";
import type { AwsStackProps } from "./aws-stack";

export interface PodIdentityStackProps extends AwsStackProps {
  readonly environment: EksEnvironment;
  readonly models: PrivateBucket;
  readonly model: ModelArtifact;
}

/** Who the service's pods of an `eks` environment are, and what they may do. */
export class PodIdentityStack extends AwsStack {
  readonly role: PodRole;

  constructor(scope: Construct, props: PodIdentityStackProps) {
    super(scope, "identity", props);
    this.role = new PodRole(this, "service", {
      name: `${project}-${props.environment.name}-service`,
      clusterName: props.environment.clusterName,
      namespace,
      serviceAccount: componentName("service"),
      models: props.models,
      model: props.model,
    });
  }
}
