import type { DataAwsIamPolicyDocumentStatement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { backupsPrefix } from "@berth/contract";
import type { PrivateBucket } from "./private-bucket";

/**
 * What writing backups takes, and nothing else. Who writes them can't read or delete any: a break-in reaches no old answers, and
 * what it overwrites is still there as an old version.
 */
export function backupWriteStatements(backups: PrivateBucket): DataAwsIamPolicyDocumentStatement[] {
  return [
    {
      sid: "WriteBackups",
      actions: ["s3:PutObject", "s3:AbortMultipartUpload"],
      resources: [`${backups.arn}/${backupsPrefix}/*`],
    },
  ];
}
