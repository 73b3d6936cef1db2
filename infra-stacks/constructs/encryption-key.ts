import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { KmsAlias } from "@cdktf/provider-aws/lib/kms-alias";
import { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { Construct } from "constructs";

/** Days between a key's deletion and its end, the most that AWS takes: what it encrypted is lost with it. */
export const keyDeletionDays = 30;

export interface EncryptionKeyProps {
  /** What the key is for: its alias is `alias/<name>`. */
  readonly name: string;
  readonly region: string;
  /** Of the account that owns the key, and whose IAM policies say who uses it. */
  readonly account: string;
  /** The log group that CloudWatch may encrypt with the key. */
  readonly logGroupName: string;
}

/** A KMS key that is replaced every year. What an older one encrypted stays readable. */
export class EncryptionKey extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, props: EncryptionKeyProps) {
    super(scope, id);
    const { name, region, account, logGroupName } = props;

    const policy = new DataAwsIamPolicyDocument(this, "policy", {
      statement: [
        {
          sid: "IamOfTheAccount",
          actions: ["kms:*"],
          resources: ["*"],
          principals: [{ type: "AWS", identifiers: [`arn:aws:iam::${account}:root`] }],
          condition: [{ test: "StringEquals", variable: "kms:CallerAccount", values: [account] }],
        },
        {
          sid: "Logs",
          actions: [
            "kms:Decrypt*",
            "kms:Describe*",
            "kms:Encrypt*",
            "kms:GenerateDataKey*",
            "kms:ReEncrypt*",
          ],
          resources: ["*"],
          principals: [{ type: "Service", identifiers: [`logs.${region}.amazonaws.com`] }],
          condition: [
            {
              test: "ArnEquals",
              variable: "kms:EncryptionContext:aws:logs:arn",
              values: [`arn:aws:logs:${region}:${account}:log-group:${logGroupName}`],
            },
          ],
        },
      ],
    });
    const key = new KmsKey(this, "key", {
      description: name,
      enableKeyRotation: true,
      deletionWindowInDays: keyDeletionDays,
      policy: policy.json,
    });
    new KmsAlias(this, "alias", { name: `alias/${name}`, targetKeyId: key.keyId });
    this.arn = key.arn;
  }
}
