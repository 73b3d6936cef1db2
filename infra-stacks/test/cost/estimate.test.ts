import { assumptions, hoursAMonth } from "../../cost/assumptions";
import { estimate } from "../../cost/estimate";
import type { Estimate } from "../../cost/estimate";
import { priceTable, staleAfterDays } from "../../cost/price-table";
import { report } from "../../cost/report";
import { synthesizeEnvironment } from "../../operations/synthesize-environment";
import { variantsOf } from "../../cost/variants";
import type { StackJson, SynthesizedEnvironment } from "../../operations/synthesized-environment";
import { everyOption } from "../support/every-option";
import { eks, node } from "../support/fixtures";

type Resources = NonNullable<StackJson["resource"]>;

/** An environment of these resources alone, in one stack. */
function environmentOf(
  resource: Resources,
  provider: StackJson["provider"] = { aws: [{ region: "us-east-1" }] },
): SynthesizedEnvironment {
  const stack = (id: string, json: StackJson) => ({ id, folder: "/nowhere", json });
  return {
    environment: node,
    state: stack("state", { provider }),
    layers: [stack("one", { provider, resource })],
  };
}

const costOf = (resource: Resources): Estimate => estimate(environmentOf(resource));

describe("the estimate", () => {
  it.each<[string, Resources, number]>([
    [
      "a machine with its disk",
      {
        aws_instance: {
          a: {
            instance_type: "t3.medium",
            root_block_device: { volume_type: "gp3", volume_size: 30 },
          },
        },
      },
      730 * 0.0416 + 30 * 0.08,
    ],
    [
      "a spot machine",
      {
        aws_instance: {
          a: { instance_type: "m6i.large", instance_market_options: [{ market_type: "spot" }] },
        },
      },
      730 * 0.096 * assumptions.spotShare,
    ],
    ["an address", { aws_eip: { a: {} } }, 3.65],
    ["a volume", { aws_ebs_volume: { a: { type: "gp3", size: 20 } } }, 1.6],
    [
      "a NAT gateway with its address",
      { aws_nat_gateway: { a: {} }, aws_eip: { a: {} } },
      32.85 + assumptions.natGB * 0.045 + 3.65,
    ],
    [
      "a cluster with two machines of a launch template, and its key",
      {
        aws_eks_cluster: { a: {} },
        aws_kms_key: { a: {} },
        aws_launch_template: {
          t: { block_device_mappings: [{ ebs: { volume_type: "gp3", volume_size: 40 } }] },
        },
        aws_eks_node_group: {
          a: {
            instance_types: ["t3.large"],
            launch_template: { id: "${aws_launch_template.t.id}" },
            scaling_config: { desired_size: 2 },
          },
        },
      },
      73 + 1 + 2 * 730 * 0.0832 + 80 * 0.08,
    ],
    [
      "snapshots of a volume, copied to another region",
      {
        aws_ebs_volume: { a: { type: "gp3", size: 20 } },
        aws_dlm_lifecycle_policy: {
          a: { policy_details: { schedule: [{ cross_region_copy_rule: [{}] }] } },
        },
      },
      1.6 + 20 * assumptions.snapshotShare * 2 * 0.05,
    ],
    ["an interface endpoint in two zones", endpoint("Interface"), 2 * 730 * 0.01],
    ["a gateway endpoint", endpoint("Gateway"), 0],
    [
      "an alarm and a secret",
      { aws_cloudwatch_metric_alarm: { a: {} }, aws_secretsmanager_secret: { a: {} } },
      0.5,
    ],
    ["a network", { aws_vpc: { a: {} }, aws_subnet: { a: {}, b: {} } }, 0],
  ])("knows what %s costs in us-east-1", (_, resource, usd) => {
    expect(costOf(resource).usdAMonth).toBeCloseTo(usd, 6);
  });

  function endpoint(type: string): Resources {
    return { aws_vpc_endpoint: { a: { vpc_endpoint_type: type, subnet_ids: ["a", "b"] } } };
  }

  it("says what CPU credits may add, unless the machine is throttled instead or not burstable", () => {
    const machine = (block: object) =>
      costOf({ aws_instance: { a: { instance_type: "t3.medium", ...block } } }).atMostMore;
    expect(machine({})).toBeCloseTo(1.6 * 0.05 * hoursAMonth, 6);
    expect(machine({ credit_specification: { cpu_credits: "standard" } })).toBe(0);
    expect(machine({ instance_type: "m6i.large" })).toBe(0);
  });

  it("adds up what is alike, stack by stack", () => {
    const { lines } = costOf({ aws_eip: { a: {}, b: {} } });
    expect(lines).toEqual([
      { stack: "one", what: "public IPv4 address", usdAMonth: 7.3, atMostMore: 0 },
    ]);
  });

  it("takes the prices of the region that a resource's provider works in", () => {
    const provider = {
      aws: [{ region: "us-east-1" }, { region: "eu-central-1", alias: "replica" }],
    };
    const volume = { type: "gp3", size: 100 };
    const environment = environmentOf(
      { aws_ebs_volume: { here: volume, there: { ...volume, provider: "aws.replica" } } },
      provider,
    );
    expect(estimate(environment).usdAMonth).toBeCloseTo(8 + 9.52, 6);
  });

  it.each(everyOption.filter((one) => one.kind !== "local"))(
    "knows every resource of $name",
    (environment) => {
      expect(estimate(synthesizeEnvironment(environment)).usdAMonth).toBeGreaterThan(0);
    },
  );

  it("fails on a type of resource that it does not know", () => {
    expect(() => costOf({ aws_redshift_cluster: { a: {} } })).toThrow(
      "Nothing is known of what aws_redshift_cluster costs",
    );
  });

  it("fails on a region, an instance type or a kind of volume without a price", () => {
    const elsewhere = environmentOf({ aws_eip: { a: {} } }, { aws: [{ region: "sa-east-1" }] });
    expect(() => estimate(elsewhere)).toThrow("There are no prices for sa-east-1");
    expect(() => costOf({ aws_instance: { a: { instance_type: "p5.48xlarge" } } })).toThrow(
      "p5.48xlarge is an instance type without a price",
    );
    expect(() => costOf({ aws_ebs_volume: { a: { type: "io2", size: 10 } } })).toThrow(
      "of type io2 is not priced",
    );
    expect(() => costOf({ aws_ebs_volume: { a: { type: "gp3", size: 10, iops: 9000 } } })).toThrow(
      "more than 3,000 IOPS",
    );
  });
});

describe("what other options would cost", () => {
  it("names spot and NAT for a machine, and never a cluster without a way out", () => {
    const changes = (environment: typeof node | typeof eks) =>
      variantsOf(environment).map(({ change }) => change);
    expect(changes({ ...node, natGateways: "none", spot: false })).toEqual([
      "spot: true",
      "natGateways: single",
      "natGateways: per-zone",
    ]);
    expect(changes({ ...eks, natGateways: "single" })).toEqual(["natGateways: per-zone"]);
  });
});

describe("the report", () => {
  const table = Date.parse(priceTable.date);
  const after = (days: number) => new Date(table + days * 86_400_000);
  const costs = [
    {
      name: "node",
      region: "us-east-1",
      estimate: costOf({ aws_eip: { a: {} }, aws_instance: { a: { instance_type: "t3.medium" } } }),
      variants: [{ change: "spot: true", estimate: costOf({ aws_eip: { a: {} } }) }],
    },
  ];

  it("shows each line, the total, what credits may add, and what the other option would save", () => {
    const text = report(costs, after(10));
    expect(text).toMatch(/^node in us-east-1, USD a month\n/);
    expect(text).toMatch(/one +public IPv4 address +3\.65\n/);
    expect(text).toMatch(/total +34\.02\n/);
    expect(text).toMatch(/at most +\+58\.40\n/);
    expect(text).toMatch(/with spot: true +-30\.37\n/);
    expect(text).toContain(`Prices of ${priceTable.date}, 10 days old`);
    expect(text).toContain("look them up before you rely on them");
    expect(text).toContain(`${assumptions.natGB} GB through each NAT gateway`);
  });

  it("warns once the table is old, and not before", () => {
    expect(report(costs, after(staleAfterDays))).not.toContain("THE PRICES ARE OLD");
    expect(report(costs, after(staleAfterDays + 1))).toContain("THE PRICES ARE OLD");
  });
});
