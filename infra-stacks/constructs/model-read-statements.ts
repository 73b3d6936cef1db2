import type { DataAwsIamPolicyDocumentStatement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { modelPrefix } from "@berth/contract";
import type { ModelArtifact } from "@berth/contract";
import type { PrivateBucket } from "./private-bucket";

/**
 * What fetching one model version takes, and nothing else: its objects, and a listing of its prefix. The prefix is the
 * contract's, which the fetch step reads from too.
 */
export function modelReadStatements(
  models: PrivateBucket,
  model: ModelArtifact,
): DataAwsIamPolicyDocumentStatement[] {
  const prefix = modelPrefix(model);
  return [
    { sid: "ReadModel", actions: ["s3:GetObject"], resources: [`${models.arn}/${prefix}*`] },
    {
      sid: "ListModel",
      actions: ["s3:ListBucket"],
      resources: [models.arn],
      condition: [{ test: "StringLike", variable: "s3:prefix", values: [`${prefix}*`] }],
    },
  ];
}
