import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { FlowLog } from "@cdktf/provider-aws/lib/flow-log";
import type { Vpc } from "@cdktf/provider-aws/lib/vpc";
import { Construct } from "constructs";
import { LeastPrivilegeRole } from "./least-privilege-role";
import { serviceTrust } from "./service-trust";

export interface FlowLogsProps {
  /** Of the role that writes them; unique in the account. */
  readonly name: string;
  readonly vpc: Vpc;
  readonly logGroupName: string;
  /** One of the times that CloudWatch knows. */
  readonly retentionDays: number;
  /** The account's twelve digits. */
  readonly account: string;
}

/** A record of every connection in a VPC, taken or refused, kept in CloudWatch for a while. */
export class FlowLogs extends Construct {
  constructor(scope: Construct, id: string, props: FlowLogsProps) {
    super(scope, id);
    const group = new CloudwatchLogGroup(this, "group", {
      name: props.logGroupName,
      retentionInDays: props.retentionDays,
    });
    const writer = new LeastPrivilegeRole(this, "writer", {
      name: props.name,
      trust: serviceTrust("vpc-flow-logs.amazonaws.com", props.account),
      permissions: [
        {
          sid: "WriteFlowLogs",
          actions: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
          resources: [`${group.arn}:*`],
        },
      ],
    });
    new FlowLog(this, "log", {
      vpcId: props.vpc.id,
      trafficType: "ALL",
      logDestinationType: "cloud-watch-logs",
      logDestination: group.arn,
      iamRoleArn: writer.arn,
      tags: { Name: props.name },
    });
  }
}
