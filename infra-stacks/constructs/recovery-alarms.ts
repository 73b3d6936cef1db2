import { CloudwatchMetricAlarm } from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm";
import type { Instance } from "@cdktf/provider-aws/lib/instance";
import { Construct } from "constructs";

export interface RecoveryAlarmsProps {
  /** First part of the alarms' names; unique in the account and region. */
  readonly name: string;
  readonly region: string;
  readonly instance: Instance;
}

/**
 * What is done about a broken machine. Where the hardware below it fails, it is moved to other hardware, with its disks and
 * addresses, after two minutes; where its own system does not answer, it is rebooted after three.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/UsingAlarmActions.html
 */
export class RecoveryAlarms extends Construct {
  constructor(scope: Construct, id: string, props: RecoveryAlarmsProps) {
    super(scope, id);
    const alarm = (action: "recover" | "reboot", metricName: string, minutes: number) =>
      new CloudwatchMetricAlarm(this, action, {
        alarmName: `${props.name}-${action}`,
        alarmDescription: `${metricName} for ${minutes} minutes: ${action}`,
        namespace: "AWS/EC2",
        metricName,
        dimensions: { InstanceId: props.instance.id },
        statistic: "Maximum",
        comparisonOperator: "GreaterThanOrEqualToThreshold",
        threshold: 1,
        period: 60,
        evaluationPeriods: minutes,
        alarmActions: [`arn:aws:automate:${props.region}:ec2:${action}`],
      });
    alarm("recover", "StatusCheckFailed_System", 2);
    // One minute longer: a machine that is being moved must not be rebooted on the way.
    alarm("reboot", "StatusCheckFailed_Instance", 3);
  }
}
