import type { DataAwsIamPolicyDocumentStatement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { modelsPrefix } from "@berth/contract";
import type { PrivateBucket } from "./private-bucket";

/**
 * What fetching models takes, and nothing else: the objects under the contract's prefix, and a listing of it. Every version
 * is in it, since a canary serves two at once and a rollback must not wait for a role to change (docs/decisions/0012).
 */
export function modelReadStatements(models: PrivateBucket): DataAwsIamPolicyDocumentStatement[] {
  return [
    {
      sid: "ReadModels",
      actions: ["s3:GetObject"],
      resources: [`${models.arn}/${modelsPrefix}/*`],
    },
    {
      sid: "ListModels",
      actions: ["s3:ListBucket"],
      resources: [models.arn],
      condition: [{ test: "StringLike", variable: "s3:prefix", values: [`${modelsPrefix}/*`] }],
    },
  ];
}
