import { awsName } from "@berth/contract";
import type { Construct } from "constructs";
import { PrivateBucket } from "../constructs/private-bucket";
import { StateLockTable } from "../constructs/state-lock-table";
import { AwsStack } from "./aws-stack";
import type { AwsStackProps } from "./aws-stack";

/** Days for which a replaced version of a state can be brought back. */
export const oldStateDays = 90;

/** What holds every stack's state and locks it, its own too once it exists (README.md, "State"). Made once. */
export class StateStack extends AwsStack {
  constructor(scope: Construct, props: AwsStackProps) {
    super(scope, "state", props);
    const { environment } = props;
    new PrivateBucket(this, "state", {
      name: environment.stateBucket,
      oldVersionDays: oldStateDays,
      preventDestroy: true,
    });
    new StateLockTable(this, "lock", { name: awsName(environment, "state-lock") });
  }
}
