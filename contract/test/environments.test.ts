import { environments, parseEnvironment } from "../src";
import type { EksEnvironment, NodeEnvironment } from "../src";

const node = environments.find((one) => one.kind === "node") as NodeEnvironment;
const eks = environments.find((one) => one.kind === "eks") as EksEnvironment;

describe("parseEnvironment", () => {
  it("takes every environment that is synthesized", () => {
    expect(environments.map(parseEnvironment)).toEqual(environments);
    expect(environments.map(({ kind }) => kind)).toEqual(["local", "node", "eks"]);
  });

  it.each<[string, unknown, RegExp]>([
    ["a kind that does not exist", { ...node, kind: "vm" }, /kind/],
    ["a field that does not exist", { ...node, regoin: "eu-west-1" }, /regoin/],
    [
      "a region that is none",
      { ...node, region: "Frankfurt" },
      /region is "Frankfurt": must be a region of AWS/,
    ],
    [
      "a zone of another region",
      { ...node, availabilityZones: ["eu-central-1a", "us-east-1a"] },
      /us-east-1a is not a zone of eu-central-1/,
    ],
    [
      "a network that is too small",
      { ...node, vpcCidr: "10.0.0.0/24" },
      /vpcCidr is "10.0.0.0\/24": must be between \/16 and \/20/,
    ],
    ["a network that is none", { ...node, vpcCidr: "10.0.0/16" }, /vpcCidr/],
    [
      "a bucket name that AWS refuses",
      { ...node, modelBucket: "My_Bucket" },
      /modelBucket is "My_Bucket": must be a bucket name/,
    ],
    [
      "a bucket name with a reserved prefix",
      { ...node, modelBucket: "xn--models" },
      /must not begin or end as AWS reserves for itself/,
    ],
    [
      "state in the model bucket",
      { ...node, stateBucket: node.modelBucket },
      /give the state bucket a bucket of its own/,
    ],
    [
      "an instance type that is unknown",
      { ...node, instanceType: "t2.micro" },
      /instanceType is "t2.micro"/,
    ],
    [
      "pods that do not fit the machine",
      { ...node, serviceReplicas: { min: 1, max: 4 } },
      /t3\.medium has .* left for pods, but they request .*choose a larger instanceType/,
    ],
    [
      "a minimum above the maximum",
      { ...eks, serviceReplicas: { min: 3, max: 2 } },
      /min must not exceed max/,
    ],
    [
      "a digest that is cut",
      {
        ...eks,
        images: { ...eks.images, web: { ...eks.images.web, version: { digest: "sha256:12" } } },
      },
      /images\.web\.version/,
    ],
    [
      "a repository over plain HTTP",
      { ...eks, git: { ...eks.git, repository: "http://x/y.git" } },
      /git\.repository/,
    ],
    ["nothing", undefined, /Environment undefined is wrong/],
  ])("fails for %s", (_what, environment, message) => {
    expect(() => parseEnvironment(environment)).toThrow(message);
  });

  it("takes the same pods on a machine that is large enough", () => {
    const larger = { ...node, serviceReplicas: { min: 1, max: 4 }, instanceType: "m6i.xlarge" };
    expect(() => parseEnvironment(larger)).not.toThrow();
  });
});
