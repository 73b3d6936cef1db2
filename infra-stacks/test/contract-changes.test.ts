import { parseEnvironment } from "@berth/contract";
import type { NodeEnvironment } from "@berth/contract";
import { changedPlaces } from "./support/changed-places";
import { node } from "./support/fixtures";
import { synthesize } from "./support/synthesize";

const before = synthesize({ environments: [node] });

/** Without the workflows' roles, which name what they may touch: names lead there as well. */
const butWorkflows = (places: string[]) =>
  places.filter((place) => !place.includes(".aws_iam_policy_document.github_"));

/** Where the stacks of the node environment differ once a value of the contract does. Hashes of ids are left out. */
function changes(values: Partial<NodeEnvironment>): string[] {
  const environment = parseEnvironment({ ...node, ...values });
  const after = synthesize({ environments: [environment] });
  return changedPlaces(before, after).map((place) => place.replace(/_[0-9A-F]{8}(?=[.])/g, ""));
}

const everyStack = ["backup", "identity", "network", "node", "state", "storage"];

describe("a value of the contract, changed in one place", () => {
  it("changes nothing when it stays the same", () => {
    expect(changes({})).toEqual([]);
  });

  it("the generation of the machine changes what replaces it, and nothing else", () => {
    expect(changes({ machineGeneration: 2 })).toEqual([
      "berth-node-node.resource.terraform_data.machine_replacement_values.input.generation",
    ]);
  });

  it("the instance type changes the machine, and nothing else", () => {
    expect(changes({ instanceType: "t3.large" })).toEqual([
      "berth-node-node.resource.aws_instance.machine_instance.instance_type",
    ]);
  });

  it("the disk's size changes the machine's disk, and nothing else", () => {
    expect(changes({ rootVolumeGiB: 50 })).toEqual([
      "berth-node-node.resource.aws_instance.machine_instance.root_block_device.volume_size",
    ]);
  });

  it("the model bucket's name changes that bucket and what workflows may touch; all others refer to it", () => {
    expect(butWorkflows(changes({ modelBucket: "another-bucket" }))).toEqual([
      "berth-node-storage.resource.aws_s3_bucket.models_bucket.bucket",
    ]);
  });

  it("the state bucket's name changes that bucket, every stack's backend, and where states are read", () => {
    expect(butWorkflows(changes({ stateBucket: "another-bucket" }))).toEqual([
      "berth-node-backup.terraform.backend.s3.bucket",
      "berth-node-identity.data.terraform_remote_state.cross-stack-reference-input-berth-node-storage.config.bucket",
      "berth-node-identity.terraform.backend.s3.bucket",
      "berth-node-network.terraform.backend.s3.bucket",
      "berth-node-node.data.terraform_remote_state.cross-stack-reference-input-berth-node-identity.config.bucket",
      "berth-node-node.data.terraform_remote_state.cross-stack-reference-input-berth-node-network.config.bucket",
      "berth-node-node.data.terraform_remote_state.cross-stack-reference-input-berth-node-storage.config.bucket",
      "berth-node-node.terraform.backend.s3.bucket",
      "berth-node-state.resource.aws_s3_bucket.state_bucket.bucket",
      "berth-node-state.terraform.backend.s3.bucket",
      "berth-node-storage.terraform.backend.s3.bucket",
    ]);
  });

  it("the owner changes one tag in every stack, and nothing else", () => {
    expect(changes({ owner: "search" })).toEqual(
      everyStack.map((layer) => `berth-node-${layer}.provider.aws.0.default_tags.0.tags.owner`),
    );
  });

  it("the region changes every provider and state, the S3 endpoint, and with its zones the subnets", () => {
    const places = changes({
      region: "us-east-1",
      availabilityZones: ["us-east-1a", "us-east-1b"],
    });
    for (const layer of everyStack) {
      expect(places).toContain(`berth-node-${layer}.provider.aws.0.region`);
      expect(places).toContain(`berth-node-${layer}.terraform.backend.s3.region`);
    }
    expect(places).toContain(
      "berth-node-network.resource.aws_vpc_endpoint.network_s3.service_name",
    );
    const after = synthesize({
      environments: [
        parseEnvironment({
          ...node,
          region: "us-east-1",
          availabilityZones: ["us-east-1a", "us-east-1b"],
        }),
      ],
    });
    expect(JSON.stringify(before)).toContain("eu-central-1");
    expect(JSON.stringify(after)).not.toContain("eu-central-1");
  });

  it("the VPC's block changes the VPC and its subnets, and nothing else", () => {
    expect(changes({ vpcCidr: "10.99.0.0/16" })).toEqual([
      "berth-node-network.resource.aws_subnet.network_private-eu-central-1a.cidr_block",
      "berth-node-network.resource.aws_subnet.network_private-eu-central-1b.cidr_block",
      "berth-node-network.resource.aws_subnet.network_public-eu-central-1a.cidr_block",
      "berth-node-network.resource.aws_subnet.network_public-eu-central-1b.cidr_block",
      "berth-node-network.resource.aws_vpc.network_vpc.cidr_block",
    ]);
  });
});
