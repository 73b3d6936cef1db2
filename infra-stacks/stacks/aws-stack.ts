import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import type { AwsEnvironment } from "@berth/contract";
import { LocalBackend, S3Backend, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { defaultTags } from "./default-tags";
import { stackId } from "./stack-id";
import type { Layer } from "./stack-id";

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
  constructor(scope: Construct, layer: Layer, props: AwsStackProps) {
    const { environment, stateBackend = "bucket" } = props;
    const id = stackId(environment, layer);
    super(scope, id);

    new AwsProvider(this, "aws", {
      region: environment.region,
      defaultTags: [{ tags: defaultTags(environment) }],
    });
    this.addOverride("terraform.required_version", `>= ${oldestTerraform}`);

    if (stateBackend === "local") {
      new LocalBackend(this);
      return;
    }
    new S3Backend(this, {
      bucket: environment.stateBucket,
      key: `${id}/terraform.tfstate`,
      region: environment.region,
      encrypt: true,
    });
    // Not among the props of CDKTF's S3Backend.
    this.addOverride("terraform.backend.s3.use_lockfile", true);
  }
}
