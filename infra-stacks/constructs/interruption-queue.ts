import { CloudwatchEventRule } from "@cdktf/provider-aws/lib/cloudwatch-event-rule";
import { CloudwatchEventTarget } from "@cdktf/provider-aws/lib/cloudwatch-event-target";
import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { SqsQueue } from "@cdktf/provider-aws/lib/sqs-queue";
import { SqsQueuePolicy } from "@cdktf/provider-aws/lib/sqs-queue-policy";
import { Construct } from "constructs";

/** Seconds for which an event waits: a spot machine goes two minutes after its warning. */
export const eventRetentionSeconds = 300;

/**
 * What says that a machine is about to go, or went.
 *
 * @see https://karpenter.sh/docs/reference/cloudformation/#interruption-handling
 */
const events = {
  "scheduled-change": { source: "aws.health", detailType: "AWS Health Event" },
  "spot-interruption": { source: "aws.ec2", detailType: "EC2 Spot Instance Interruption Warning" },
  rebalance: { source: "aws.ec2", detailType: "EC2 Instance Rebalance Recommendation" },
  "state-change": { source: "aws.ec2", detailType: "EC2 Instance State-change Notification" },
};

export interface InterruptionQueueProps {
  /** Of the queue, and the first part of its rules' names. */
  readonly name: string;
}

/** An encrypted queue of what happens to the region's machines. EventBridge alone writes to it, over TLS. */
export class InterruptionQueue extends Construct {
  readonly queue: SqsQueue;

  constructor(scope: Construct, id: string, props: InterruptionQueueProps) {
    super(scope, id);
    const { name } = props;
    const queue = new SqsQueue(this, "queue", {
      name,
      messageRetentionSeconds: eventRetentionSeconds,
      sqsManagedSseEnabled: true,
    });
    this.queue = queue;

    const rules = Object.entries(events).map(([event, { source, detailType }]) => {
      const rule = new CloudwatchEventRule(this, event, {
        name: `${name}-${event}`,
        description: detailType,
        eventPattern: JSON.stringify({ source: [source], "detail-type": [detailType] }),
      });
      new CloudwatchEventTarget(this, `${event}-target`, { rule: rule.name, arn: queue.arn });
      return rule;
    });

    const policy = new DataAwsIamPolicyDocument(this, "policy-document", {
      statement: [
        {
          sid: "Events",
          actions: ["sqs:SendMessage"],
          resources: [queue.arn],
          principals: [{ type: "Service", identifiers: ["events.amazonaws.com"] }],
          condition: [
            {
              test: "ArnEquals",
              variable: "aws:SourceArn",
              values: rules.map((rule) => rule.arn),
            },
          ],
        },
        {
          sid: "TlsOnly",
          effect: "Deny",
          actions: ["sqs:*"],
          resources: [queue.arn],
          principals: [{ type: "*", identifiers: ["*"] }],
          condition: [{ test: "Bool", variable: "aws:SecureTransport", values: ["false"] }],
        },
      ],
    });
    new SqsQueuePolicy(this, "policy", { queueUrl: queue.url, policy: policy.json });
  }
}
