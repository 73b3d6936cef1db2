import {
  dataVolumeDevice,
  defaultMachineImage,
  machineImageTags,
  parseEnvironment,
} from "@berth/contract";
import type { MachineImage, NodeEnvironment } from "@berth/contract";
import { node } from "./support/fixtures";
import { resources, theResource } from "./support/stack-json";
import type { Block } from "./support/stack-json";
import { stackOf, synthesize } from "./support/synthesize";

const stacks = synthesize();
const stack = stackOf(stacks, "berth-node-node");
const instance = theResource(stack, "aws_instance");
const tagFilters = Object.entries(machineImageTags).map(([tag, value]) => ({
  name: `tag:${tag}`,
  values: [value],
}));

/** The node stack with other values in the contract. */
function machine(values: Partial<NodeEnvironment>) {
  const environments = [parseEnvironment({ ...node, ...values })];
  const changed = stackOf(synthesize({ environments }), "berth-node-node");
  return { stack: changed, instance: theResource(changed, "aws_instance") };
}

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

  it("keeps its data on a volume of another stack, and stops before it lets go of it", () => {
    expect(theResource(stack, "aws_volume_attachment")).toMatchObject({
      device_name: dataVolumeDevice,
      stop_instance_before_detaching: true,
      volume_id: expect.stringContaining("berth-node-storage.outputs.") as string,
    });
    expect(stack.resource).not.toHaveProperty("aws_ebs_volume");
  });

  it("is moved to other hardware when its own fails, and rebooted later when its system hangs", () => {
    const alarms = resources(stack, "aws_cloudwatch_metric_alarm").map((alarm) => ({
      metric: alarm["metric_name"],
      minutes: ((alarm["period"] as number) * (alarm["evaluation_periods"] as number)) / 60,
      actions: alarm["alarm_actions"],
    }));
    expect(alarms).toEqual([
      {
        metric: "StatusCheckFailed_Instance",
        minutes: 3,
        actions: ["arn:aws:automate:eu-central-1:ec2:reboot"],
      },
      {
        metric: "StatusCheckFailed_System",
        minutes: 2,
        actions: ["arn:aws:automate:eu-central-1:ec2:recover"],
      },
    ]);
  });

  it.each<[MachineImage, object]>([
    ["berth", { owners: ["self"], filter: expect.arrayContaining(tagFilters) as object }],
    ["amazon-linux", { owners: ["amazon"] }],
    ["debian", { owners: ["136693071363"] }],
  ])("is made from the newest image of %s, and stays when a newer one appears", (image, lookup) => {
    const made = machine({ image });
    const [ami] = Object.values(made.stack.data?.["aws_ami"] ?? {});
    expect(ami).toMatchObject({ ...lookup, most_recent: true });
    expect(made.instance["ami"]).toMatch(/^\$\{data\.aws_ami\./);
    expect((made.instance["lifecycle"] as Block)["ignore_changes"]).toEqual(["ami", "user_data"]);
  });

  it("starts from Berth's own image where nothing else is asked for", () => {
    expect(defaultMachineImage).toBe("berth");
    expect(machine({}).instance).toEqual(machine({ image: defaultMachineImage }).instance);
  });

  it("starts with no secret and little to do", () => {
    expect(instance["user_data"]).toBe("#cloud-config\nhostname: berth-node-node\n");
  });

  it("on Debian installs the agent of Session Manager, without which it can't be reached", () => {
    const { instance: debian } = machine({ image: "debian" });
    expect(debian["user_data"]).toContain("packages: [curl]");
    expect(debian["user_data"]).toContain("dpkg --install /tmp/agent.deb");
  });

  it("is a new machine when its image's kind or its generation changes, and not when its type does", () => {
    const identity = (values: Partial<NodeEnvironment>) =>
      theResource(machine(values).stack, "terraform_data");
    expect((instance["lifecycle"] as Block)["replace_triggered_by"]).toEqual([
      `terraform_data.${Object.keys(stack.resource?.["terraform_data"] ?? {}).join()}`,
    ]);
    expect(identity({ image: "debian" })).not.toEqual(identity({}));
    expect(identity({ machineGeneration: 2 })).not.toEqual(identity({}));
    expect(identity({ instanceType: "t3.large" })).toEqual(identity({}));
  });

  it("on spot is stopped rather than ended, started again, and a new machine when its type changes", () => {
    expect(instance).not.toHaveProperty("instance_market_options");
    const { instance: spot, stack: onSpot } = machine({ spot: true });
    expect(spot["instance_market_options"]).toEqual({
      market_type: "spot",
      spot_options: {
        spot_instance_type: "persistent",
        instance_interruption_behavior: "stop",
      },
    });
    expect(theResource(onSpot, "terraform_data")["input"]).toMatchObject({
      instanceType: "t3.medium",
    });
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
