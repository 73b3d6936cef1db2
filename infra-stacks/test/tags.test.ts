import type { Environment } from "@berth/contract";
import { everyOption } from "./support/every-option";
import type { StackJson } from "./support/stack-json";
import { synthesize } from "./support/synthesize";
import { isTaggable, tagFaults } from "./support/tag-faults";

const environments: readonly Environment[] = everyOption;
const stacks = synthesize({ environments });
const types = [
  ...new Set(Object.values(stacks).flatMap((stack) => Object.keys(stack.resource ?? {}))),
].sort();

/** What AWS knows no tags of: settings of a resource, connections of two, and rules that carry their group's. */
const withoutTags = [
  /^aws_s3_bucket_/,
  /_association$/,
  /_attachment$/,
  /^aws_iam_role_polic(y|ies_exclusive)$/,
  /^aws_kms_alias$/,
  /_policy$/,
  /^aws_route$/,
  /^aws_cloudwatch_event_target$/,
  /^aws_ec2_tag$/,
  /^terraform_data$/,
];

describe("the tags project, environment, owner and cost centre", () => {
  it.each(Object.keys(stacks))(
    "are on everything that %s makes, and on what that makes in turn",
    (id) => {
      expect(tagFaults(stacks[id]!)).toEqual([]);
    },
  );

  it.each(types)("reach %s, or AWS knows no tags of it", (type) => {
    const cannot = withoutTags.some((pattern) => pattern.test(type));
    expect(cannot || isTaggable(type)).toBe(true);
  });

  it("are looked for in all that can carry them", () => {
    expect(types.filter((type) => type.startsWith("aws_") && isTaggable(type))).toEqual(
      expect.arrayContaining([
        "aws_ebs_volume",
        "aws_eip",
        "aws_iam_role",
        "aws_instance",
        "aws_s3_bucket",
        "aws_vpc",
      ]),
    );
    expect(isTaggable("aws_s3_bucket_versioning")).toBe(false);
  });
});

describe("the search for what has no tags", () => {
  const tags = { project: "berth", environment: "node", owner: "a", "cost-centre": "b" };
  const provider = (own: object = tags, rest: object = {}) => ({
    region: "eu-central-1",
    default_tags: [{ tags: own }],
    ...rest,
  });
  const faultsOf = (resource: StackJson["resource"], ...others: ReturnType<typeof provider>[]) =>
    tagFaults({ terraform: { backend: {} }, provider: { aws: [provider(), ...others] }, resource });
  const specification = (kind: string, own: object = tags) => ({ resource_type: kind, tags: own });

  it("passes where everything is right", () => {
    const kinds = ["instance", "volume", "network-interface"];
    const template = { tag_specifications: kinds.map((kind) => specification(kind)) };
    const group = { launch_template: { id: "t" } };
    const policy = {
      policy_details: {
        schedule: [{ copy_tags: true, cross_region_copy_rule: [{ copy_tags: true }] }],
      },
    };
    expect(
      faultsOf({
        aws_vpc: { a: { tags: { Name: "a" } } },
        aws_instance: { a: { root_block_device: { volume_size: 1 }, tags: { owner: "a" } } },
        aws_launch_template: { a: template },
        aws_eks_node_group: { a: group },
        aws_dlm_lifecycle_policy: { a: policy },
      }),
    ).toEqual([]);
  });

  it("fails on a provider that sets none, or others than the stack's", () => {
    expect(
      tagFaults({ terraform: { backend: {} }, provider: { aws: [{ region: "eu-central-1" }] } }),
    ).toEqual(expect.arrayContaining(["no provider sets cost-centre"]));
    expect(faultsOf({}, provider({ ...tags, owner: "z" }, { alias: "replica" }))).toEqual([
      'provider replica has owner "z"',
    ]);
  });

  it.each<[string, NonNullable<StackJson["resource"]>, string]>([
    [
      "a resource that overrides one",
      { aws_vpc: { a: { tags: { owner: "z" } } } },
      'aws_vpc.a has owner "z"',
    ],
    [
      "a root volume that overrides one",
      { aws_instance: { a: { root_block_device: { tags: { Name: "a", owner: "z" } } } } },
      'aws_instance.a root_block_device has owner "z"',
    ],
    [
      "volume tags that lack one",
      { aws_instance: { a: { volume_tags: { ...tags, project: "z" } } } },
      'aws_instance.a volume_tags has project "z"',
    ],
    [
      "a launch template that tags no volume",
      {
        aws_launch_template: {
          a: {
            tag_specifications: [
              specification("instance"),
              specification("network-interface"),
              specification("volume", { ...tags, owner: "" }),
            ],
          },
        },
      },
      'aws_launch_template.a volume has owner ""',
    ],
    [
      "a node group without a launch template",
      { aws_eks_node_group: { a: {} } },
      "aws_eks_node_group.a has no launch template",
    ],
    [
      "snapshots without their volume's tags",
      { aws_dlm_lifecycle_policy: { a: { policy_details: [{ schedule: [{}] }] } } },
      "aws_dlm_lifecycle_policy.a does not copy tags onto snapshots",
    ],
    [
      "copies of snapshots without them",
      {
        aws_dlm_lifecycle_policy: {
          a: {
            policy_details: [{ schedule: [{ copy_tags: true, cross_region_copy_rule: [{}] }] }],
          },
        },
      },
      "aws_dlm_lifecycle_policy.a does not copy tags onto copies of snapshots",
    ],
  ])("fails on %s", (_, resource, fault) => {
    expect(faultsOf(resource)).toEqual([fault]);
  });
});
