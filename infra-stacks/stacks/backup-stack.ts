import { awsName } from "@berth/contract";
import type { NodeEnvironment } from "@berth/contract";
import type { Construct } from "constructs";
import { VolumeSnapshots } from "../constructs/volume-snapshots";
import { AwsStack } from "./aws-stack";
import type { AwsStackProps } from "./aws-stack";

export interface BackupStackProps extends AwsStackProps {
  readonly environment: NodeEnvironment;
}

/** Snapshots of the data volume by schedule, copied to the other region where there is one. */
export class BackupStack extends AwsStack {
  constructor(scope: Construct, props: BackupStackProps) {
    super(scope, "backup", props);
    const { environment } = props;
    new VolumeSnapshots(this, "snapshots", {
      name: awsName(environment, "snapshots"),
      account: this.account,
      region: environment.region,
      everyHours: environment.snapshots.everyHours,
      keep: environment.snapshots.keep,
      copyTo: environment.replication?.region,
    });
  }
}
