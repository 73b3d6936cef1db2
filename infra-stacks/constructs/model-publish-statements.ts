import type { DataAwsIamPolicyDocumentStatement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { modelsPrefix } from "@berth/contract";
import { modelReadStatements } from "./model-read-statements";
import type { PrivateBucket } from "./private-bucket";

/** What publishing a model takes: to write under the contract's prefix, and to see what is there already. Nothing is deleted. */
export function modelPublishStatements(models: PrivateBucket): DataAwsIamPolicyDocumentStatement[] {
  return [
    ...modelReadStatements(models),
    {
      sid: "WriteModels",
      actions: ["s3:PutObject", "s3:AbortMultipartUpload"],
      resources: [`${models.arn}/${modelsPrefix}/*`],
    },
  ];
}
