import { DynamodbTable } from "@cdktf/provider-aws/lib/dynamodb-table";
import { Construct } from "constructs";

export interface StateLockTableProps {
  /** Unique in the account and region. */
  readonly name: string;
}

/**
 * The table in which clients lock a state that know no lock file in S3: Terraform before 1.10, OpenTofu before 1.10. Terraform
 * takes both locks, so that it and they keep each other out. Paid by use, which is next to nothing.
 *
 * @see https://developer.hashicorp.com/terraform/language/backend/s3#state-locking
 */
export class StateLockTable extends Construct {
  constructor(scope: Construct, id: string, props: StateLockTableProps) {
    super(scope, id);
    new DynamodbTable(this, "table", {
      name: props.name,
      billingMode: "PAY_PER_REQUEST",
      hashKey: "LockID",
      attribute: [{ name: "LockID", type: "S" }],
      pointInTimeRecovery: { enabled: true },
      deletionProtectionEnabled: true,
      lifecycle: { preventDestroy: true },
    });
  }
}
