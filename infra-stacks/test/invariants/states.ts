import { isTrue, nested, ofEach } from "./invariant";
import type { Invariant } from "./invariant";

const tags = ["project", "environment", "owner", "cost-centre"];

/** What holds for states, providers and tags. */
export const stateInvariants: readonly Invariant[] = [
  {
    name: "states are encrypted",
    faults: ({ terraform }, id) => (isTrue(terraform.backend["s3"]?.["encrypt"]) ? [] : [id]),
  },
  {
    name: "states are locked, for new clients and old",
    faults: ({ terraform }, id) =>
      terraform.backend["s3"]?.["use_lockfile"] === true &&
      terraform.backend["s3"]["dynamodb_table"]
        ? []
        : [id],
  },
  {
    name: "every stack has a state of its own",
    faults: ({ terraform }, id) =>
      terraform.backend["s3"]?.["key"] === `${id}/terraform.tfstate` ? [] : [id],
  },
  ofEach(
    "no plan destroys a lock table, and it can be brought back",
    ["aws_dynamodb_table"],
    (block) => {
      if (nested(block, "lifecycle")["prevent_destroy"] !== true) return "no prevent_destroy";
      if (block["deletion_protection_enabled"] !== true) return "no deletion protection";
      return nested(block, "point_in_time_recovery")["enabled"] === true
        ? undefined
        : "no recovery";
    },
  ),
  {
    name: "no plan destroys the states",
    faults: (stack, id) =>
      id.endsWith("-state")
        ? Object.entries(stack.resource?.["aws_s3_bucket"] ?? {})
            .filter(([, bucket]) => nested(bucket, "lifecycle")["prevent_destroy"] !== true)
            .map(([name]) => `${id}: ${name}`)
        : [],
  },
  {
    name: "everything is tagged, by whom it is for and who pays",
    faults: ({ provider }, id) =>
      (provider?.["aws"] ?? []).flatMap((aws) => {
        const given = nested(nested(aws, "default_tags"), "tags");
        return tags.filter((tag) => !given[tag]).map((tag) => `${id}: ${tag}`);
      }),
  },
  {
    name: "providers hold no credentials",
    faults: ({ provider }, id) =>
      (provider?.["aws"] ?? []).flatMap((aws) =>
        ["access_key", "secret_key", "token", "profile"]
          .filter((field) => aws[field] !== undefined)
          .map((field) => `${id}: ${field}`),
      ),
  },
];
