import type { Construct } from "constructs";
import { Network } from "../constructs/network";
import { AwsStack } from "./aws-stack";
import type { AwsStackProps } from "./aws-stack";
import { stackId } from "./stack-id";

/** The environment's network. */
export class NetworkStack extends AwsStack {
  readonly network: Network;

  constructor(scope: Construct, props: AwsStackProps) {
    super(scope, "network", props);
    const { environment } = props;
    this.network = new Network(this, "network", {
      name: stackId(environment, "network"),
      region: environment.region,
      vpcCidr: environment.vpcCidr,
      availabilityZones: environment.availabilityZones,
    });
  }
}
