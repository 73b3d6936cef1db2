import type { DataAwsIamPolicyDocumentStatement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";

/**
 * Lets a service of AWS take a role, but only in the name of one account. Without the account, anybody's resource could make
 * the service act with it (the confused deputy).
 *
 * @param service for example `dlm.amazonaws.com`
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
 */
export function serviceTrust(
  service: string,
  account: string,
): DataAwsIamPolicyDocumentStatement[] {
  return [
    {
      actions: ["sts:AssumeRole"],
      principals: [{ type: "Service", identifiers: [service] }],
      condition: [{ test: "StringEquals", variable: "aws:SourceAccount", values: [account] }],
    },
  ];
}
