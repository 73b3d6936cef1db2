import type { DataAwsIamPolicyDocumentStatement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";

export interface SecretsReadStatementsProps {
  readonly region: string;
  readonly account: string;
  /** What the secrets' names begin with. */
  readonly prefix: string;
}

/** What External Secrets needs to copy secrets into the cluster: those of one prefix, each by its name. */
export function secretsReadStatements(
  props: SecretsReadStatementsProps,
): DataAwsIamPolicyDocumentStatement[] {
  return [
    {
      sid: "ReadSecrets",
      actions: ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
      resources: [
        `arn:aws:secretsmanager:${props.region}:${props.account}:secret:${props.prefix}*`,
      ],
    },
  ];
}
