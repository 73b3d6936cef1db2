import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Block, StackJson } from "./stack-json";

/** The tags that everything has to carry. */
export const requiredTags = ["project", "environment", "owner", "cost-centre"] as const;

type Tags = Readonly<Record<string, string>>;

/**
 * Every place of a stack where something would be made without the environment's tags. The provider's default tags reach
 * every resource that takes tags itself, and the root volume of an instance; what a resource makes in turn, they do not.
 *
 * @see https://registry.terraform.io/providers/hashicorp/aws/latest/docs#default_tags
 */
export function tagFaults(stack: StackJson): string[] {
  const expected = defaultTagsOf(stack.provider?.["aws"]?.[0]);
  const providers = (stack.provider?.["aws"] ?? []).flatMap((provider) => {
    const name = `provider ${String(provider["alias"] ?? provider["region"])}`;
    return differing(name, defaultTagsOf(provider), expected);
  });
  const missing = requiredTags
    .filter((tag) => !expected[tag])
    .map((tag) => `no provider sets ${tag}`);
  const resources = Object.entries(stack.resource ?? {}).flatMap(([type, blocks]) =>
    Object.entries(blocks).flatMap(([id, block]) => [
      ...overridden(`${type}.${id}`, block["tags"], expected),
      ...(makers[type]?.(`${type}.${id}`, block, expected) ?? []),
    ]),
  );
  return [...missing, ...providers, ...resources];
}

/** What a resource makes that is not in Terraform, by the resource's type. */
const makers: Readonly<Record<string, (name: string, block: Block, expected: Tags) => string[]>> = {
  // The root volume takes the default tags beside its own; `volume_tags` are all that a volume has.
  aws_instance: (name, block, expected) => [
    ...(block["volume_tags"]
      ? differing(`${name} volume_tags`, block["volume_tags"], expected)
      : []),
    ...list(block["root_block_device"]).flatMap(({ tags }) =>
      overridden(`${name} root_block_device`, tags, expected),
    ),
    ...(block["ebs_block_device"]
      ? [`${name}: attach volumes of their own, which carry tags`]
      : []),
  ],
  aws_launch_template: (name, block, expected) => {
    const specifications = list(block["tag_specifications"]);
    return ["instance", "volume", "network-interface"].flatMap((kind) => {
      const tags = specifications.find((one) => one["resource_type"] === kind)?.["tags"];
      return differing(`${name} ${kind}`, tags, expected);
    });
  },
  // Its machines take their tags from a launch template alone.
  aws_eks_node_group: (name, block) =>
    list(block["launch_template"]).length > 0 ? [] : [`${name} has no launch template`],
  aws_dlm_lifecycle_policy: (name, block) =>
    list(list(block["policy_details"])[0]?.["schedule"]).flatMap((schedule) => [
      ...(schedule["copy_tags"] === true ? [] : [`${name} does not copy tags onto snapshots`]),
      ...list(schedule["cross_region_copy_rule"])
        .filter((rule) => rule["copy_tags"] !== true)
        .map(() => `${name} does not copy tags onto copies of snapshots`),
    ]),
  aws_autoscaling_group: (name) => [`${name}: default tags do not reach an autoscaling group`],
};

/** Whether a resource takes tags, and so the provider's default tags, as the provider's own bindings have it. */
export function isTaggable(type: string): boolean {
  const folder = type.replace(/^aws_/, "").replaceAll("_", "-");
  const declared = readFileSync(
    join(require.resolve(`@cdktf/provider-aws/lib/${folder}`), "../index.d.ts"),
    "utf8",
  );
  const [, config = ""] =
    /^export interface \w+Config extends .*?\{(.*?)^\}/ms.exec(declared) ?? [];
  return /^ {4}readonly tags\?:/m.test(config);
}

function defaultTagsOf(provider: Block | undefined): Tags {
  return (list(provider?.["default_tags"])[0]?.["tags"] ?? {}) as Tags;
}

function differing(name: string, tags: unknown, expected: Tags): string[] {
  const found = (tags ?? {}) as Tags;
  return requiredTags
    .filter((tag) => found[tag] !== expected[tag])
    .map((tag) => `${name} has ${tag} ${JSON.stringify(found[tag])}`);
}

/** Tags of a resource's own go before the default ones. */
function overridden(name: string, tags: unknown, expected: Tags): string[] {
  const own = (tags ?? {}) as Tags;
  return requiredTags
    .filter((tag) => own[tag] !== undefined && own[tag] !== expected[tag])
    .map((tag) => `${name} has ${tag} ${JSON.stringify(own[tag])}`);
}

function list(value: unknown): Block[] {
  if (value === undefined || value === null) return [];
  return (Array.isArray(value) ? value : [value]) as Block[];
}
