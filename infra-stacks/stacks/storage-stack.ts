import type { Construct } from "constructs";
import { PrivateBucket } from "../constructs/private-bucket";
import { AwsStack } from "./aws-stack";
import type { AwsStackProps } from "./aws-stack";

/** Days for which a deleted or overwritten model can be brought back. Versions of a model are immutable. */
export const oldModelDays = 30;

/** The environment's data: the bucket of the models. */
export class StorageStack extends AwsStack {
  readonly models: PrivateBucket;

  constructor(scope: Construct, props: AwsStackProps) {
    super(scope, "storage", props);
    this.models = new PrivateBucket(this, "models", {
      name: props.environment.modelBucket,
      oldVersionDays: oldModelDays,
    });
  }
}
