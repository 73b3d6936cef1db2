import { DataAwsCallerIdentity } from "@cdktf/provider-aws/lib/data-aws-caller-identity";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { awsName, stateKey } from "@berth/contract";
import type { AwsEnvironment, Layer } from "@berth/contract";
import { LocalBackend, S3Backend, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { defaultTags } from "./default-tags";
import { stackId } from "./stack-id";

/** The oldest Terraform with a lock file in S3 that is no longer experimental. */
export const oldestTerraform = "1.11.0";

/** Where a stack keeps its Terraform state: the environment's state bucket, or a file in the project's root. */
export type StateBackend = "bucket" | "local";

export interface AwsStackProps {
  readonly environment: AwsEnvironment;
  /** @default "bucket" */
  readonly stateBackend?: StateBackend;
}

/** One layer of an environment: its own encrypted and locked state, one region, the environment's tags on everything. */
export abstract class AwsStack extends TerraformStack {
  private readonly environment: AwsEnvironment;
  private callerIdentity?: DataAwsCallerIdentity;

  constructor(scope: Construct, layer: Layer, props: AwsStackProps) {
    const { environment, stateBackend = "bucket" } = props;
    const id = stackId(environment, layer, scope);
    super(scope, id);
    this.environment = environment;

    this.addProvider("aws", environment.region);
    this.addOverride("terraform.required_version", `>= ${oldestTerraform}`);

    if (stateBackend === "local") {
      new LocalBackend(this);
      return;
    }
    new S3Backend(this, {
      bucket: environment.stateBucket,
      key: stateKey(environment, layer),
      region: environment.region,
      encrypt: true,
      dynamodbTable: awsName(environment, "state-lock"),
    });
    // Not among the props of CDKTF's S3Backend.
    this.addOverride("terraform.backend.s3.use_lockfile", true);
  }

  /** The twelve digits of the account that the stack is in. */
  protected get account(): string {
    this.callerIdentity ??= new DataAwsCallerIdentity(this, "account");
    return this.callerIdentity.accountId;
  }

  /** A provider for a region. One beside the stack's own needs an alias, and is named by the resources that use it. */
  protected addProvider(id: string, region: string, alias?: string): AwsProvider {
    const { account } = this.environment;
    return new AwsProvider(this, id, {
      region,
      alias,
      allowedAccountIds: account === undefined ? undefined : [account],
      defaultTags: [{ tags: defaultTags(this.environment) }],
    });
  }
}
