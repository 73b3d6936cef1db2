import type { Construct } from "constructs";
import { PrivateBucket } from "../constructs/private-bucket";
import { AwsStack } from "./aws-stack";
import type { AwsStackProps } from "./aws-stack";

/** Days for which a replaced version of a state can be brought back. */
export const oldStateDays = 90;

/** The bucket that holds every stack's state, its own too once it exists (README.md, "State"). Made once. */
export class StateStack extends AwsStack {
  constructor(scope: Construct, props: AwsStackProps) {
    super(scope, "state", props);
    new PrivateBucket(this, "state", {
      name: props.environment.stateBucket,
      oldVersionDays: oldStateDays,
      preventDestroy: true,
    });
  }
}
