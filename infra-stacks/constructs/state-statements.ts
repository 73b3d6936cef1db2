import type { DataAwsIamPolicyDocumentStatement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { awsName, layersOf, stateKey } from "@berth/contract";
import type { AwsEnvironment } from "@berth/contract";

/** The layers with the roles and the states: a person changes them, not a workflow. */
const personsLayers = ["state", "identity"];

/**
 * What Terraform needs of the state bucket and the lock table: to read every layer's state and to lock it; and, to `write`, to
 * replace the states of those layers that a workflow may change.
 *
 * @see https://developer.hashicorp.com/terraform/language/backend/s3#permissions-required
 */
export function stateStatements(
  environment: AwsEnvironment,
  account: string,
  access: "read" | "write",
): DataAwsIamPolicyDocumentStatement[] {
  const bucket = `arn:aws:s3:::${environment.stateBucket}`;
  const table = `arn:aws:dynamodb:${environment.region}:${account}:table/${awsName(environment, "state-lock")}`;
  const layers = layersOf(environment);
  const keys = layers.map((layer) => stateKey(environment, layer));
  const changed = layers
    .filter((layer) => !personsLayers.includes(layer))
    .map((layer) => stateKey(environment, layer));
  const lockIds = keys.map((key) => `${environment.stateBucket}/${key}`);
  const digestIds = changed.map((key) => `${environment.stateBucket}/${key}-md5`);

  return [
    { sid: "ListStates", actions: ["s3:ListBucket"], resources: [bucket] },
    {
      sid: "ReadStates",
      actions: ["s3:GetObject"],
      resources: keys.map((key) => `${bucket}/${key}`),
    },
    {
      sid: "LockStates",
      actions: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
      resources: keys.map((key) => `${bucket}/${key}.tflock`),
    },
    { sid: "ReadLocks", actions: ["dynamodb:GetItem"], resources: [table] },
    {
      sid: "TakeLocks",
      actions: ["dynamodb:PutItem", "dynamodb:DeleteItem"],
      resources: [table],
      condition: [
        {
          test: "ForAllValues:StringEquals",
          variable: "dynamodb:LeadingKeys",
          values: access === "write" ? [...lockIds, ...digestIds] : lockIds,
        },
      ],
    },
    ...(access === "write"
      ? [
          {
            sid: "WriteStates",
            actions: ["s3:PutObject"],
            resources: changed.map((key) => `${bucket}/${key}`),
          },
        ]
      : []),
  ];
}
