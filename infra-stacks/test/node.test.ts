import { parseEnvironment } from "@berth/contract";
import { node } from "./support/fixtures";
import { resources, theResource } from "./support/stack-json";
import type { Block } from "./support/stack-json";
import { stackOf, synthesize } from "./support/synthesize";

const stacks = synthesize();
const stack = stackOf(stacks, "berth-node-node");
const instance = theResource(stack, "aws_instance");

describe("the machine", () => {
  it("is the contract's: a t3.medium with a disk of 30 GiB", () => {
    expect(instance["instance_type"]).toBe("t3.medium");
    expect((instance["root_block_device"] as Block)["volume_size"]).toBe(30);
  });

  it("answers metadata with a token only (IMDSv2), as far as a pod in kind", () => {
    expect(instance["metadata_options"]).toEqual({
      http_endpoint: "enabled",
      http_tokens: "required",
      http_put_response_hop_limit: 3,
    });
  });

  it("keeps its data encrypted", () => {
    expect(instance["root_block_device"]).toMatchObject({ encrypted: true, volume_type: "gp3" });
  });

  it("lets HTTP and HTTPS in and out, and no SSH or anything else", () => {
    const open = (direction: "ingress" | "egress") =>
      resources(stack, `aws_vpc_security_group_${direction}_rule`)
        .map((rule) => [rule["ip_protocol"], rule["from_port"], rule["to_port"]].join(" "))
        .sort();
    expect(open("ingress")).toEqual(["tcp 443 443", "tcp 80 80"]);
    expect(open("egress")).toEqual(["tcp 443 443", "tcp 80 80"]);
    const group = theResource(stack, "aws_security_group");
    expect(group).not.toHaveProperty("ingress");
    expect(group).not.toHaveProperty("egress");
    expect(stack.resource).not.toHaveProperty("aws_security_group_rule");
    expect(instance).not.toHaveProperty("key_name");
    expect(instance["vpc_security_group_ids"]).toHaveLength(1);
  });

  it("has an address that outlives it", () => {
    expect(theResource(stack, "aws_eip")).not.toHaveProperty("instance");
    expect(theResource(stack, "aws_eip_association")["instance_id"]).toMatch(/^\$\{aws_instance\./);
    expect(stack.output?.["address"]?.["value"]).toMatch(/^\$\{aws_eip\..*\.public_ip\}$/);
  });

  it("is made from an image of Amazon's, and stays when a newer one appears", () => {
    expect(instance["ami"]).toMatch(/^\$\{data\.aws_ami\./);
    const [image] = Object.values(stack.data?.["aws_ami"] ?? {});
    expect(image).toMatchObject({ owners: ["amazon"], most_recent: true });
    expect(instance["lifecycle"]).toEqual({ ignore_changes: ["ami"] });
  });

  it("starts with no secret and little to do", () => {
    expect(instance["user_data"]).toBe("#cloud-config\nhostname: berth-node-node\n");
  });

  it("borrows CPU credits where its type has them, and says nothing of them elsewhere", () => {
    expect(instance["credit_specification"]).toEqual({ cpu_credits: "unlimited" });
    const larger = synthesize({
      environments: [parseEnvironment({ ...node, instanceType: "m6i.large" })],
    });
    const fixed = theResource(stackOf(larger, "berth-node-node"), "aws_instance");
    expect(fixed["instance_type"]).toBe("m6i.large");
    expect(fixed).not.toHaveProperty("credit_specification");
  });
});
