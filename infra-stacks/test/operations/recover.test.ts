import { readFileSync } from "node:fs";
import { join } from "node:path";
import { modelFiles, modelKey, modelPrefix, recoveries, servedModel } from "@berth/contract";
import type { AwsEnvironment, NodeEnvironment, Recovery } from "@berth/contract";
import { AwsRecoverySource } from "../../operations/aws-recovery-source";
import { recover } from "../../operations/recover";
import type { RecoverOptions } from "../../operations/recover";
import { synthesizeTo } from "../../operations/synthesize-environment";
import { recoveriesSource } from "../../operations/write-recoveries";
import { eks, node } from "../support/fixtures";
import { Operation } from "./support/operation";

// Every call of terraform is a process of its own, on a machine that may be busy.
jest.setTimeout(60_000);

const minute = 60_000;
const region = "eu-west-1";
const lost: NodeEnvironment = {
  ...node,
  replication: { region },
  backups: { bucket: "berth-example-node-backups", days: 35 },
};
const replica = `${lost.modelBucket}-replica`;
const modelBucket = `${lost.modelBucket}-${region}`;
const tags = { project: "berth", environment: "node" };
const newest = "snap-0123456789abcdef0";

let operation: Operation;
let written: { recoveries: readonly Recovery[]; environment: AwsEnvironment } | undefined;

/** A region to which the model and three snapshots were copied, one of them another environment's. */
async function start(terraform: object = {}): Promise<Operation> {
  written = undefined;
  operation = new Operation();
  await operation.start({
    environment: lost,
    terraform: { outputs: { "berth-node-eu-west-1-node": { address: "192.0.2.9" } }, ...terraform },
  });
  const { contents } = operation.aws;
  contents.zones[region] = ["eu-west-1c", "eu-west-1a", "eu-west-1b"];
  contents.snapshots[region] = [
    { id: "snap-00000001", startedAt: "2026-11-23T00:00:00Z", tags },
    { id: newest, startedAt: "2026-11-24T00:00:00Z", tags },
    { id: "snap-00000003", startedAt: "2026-11-25T00:00:00Z", tags: { ...tags, environment: "b" } },
  ];
  contents.buckets[replica] = modelFiles.map((file) => `${modelKey(servedModel, file)}@1`);
  contents.buckets[modelBucket] = [];
  return operation;
}

function run(
  options: Partial<RecoverOptions> = {},
  environment: AwsEnvironment = lost,
  known: readonly Recovery[] = [],
): Promise<string | undefined> {
  const { world, folder } = operation;
  return recover(
    {
      ...world,
      source: new AwsRecoverySource(),
      recoveries: known,
      synthesize: (all, recovered) => {
        written = { recoveries: all, environment: recovered };
        operation.nowMs += 0.1 * minute;
        return Promise.resolve(synthesizeTo(join(folder, "recovered.out"), recovered));
      },
    },
    environment,
    { region, withoutHistory: false, yes: true, bootstrap: true, waitMs: 20 * minute, ...options },
  );
}

describe("recover", () => {
  afterEach(() => operation.stop());

  it("lets the environment stand anew elsewhere, under free names, from the newest snapshot of its own", async () => {
    await start();
    await expect(run()).resolves.toBe("http://192.0.2.9/");
    expect(written?.recoveries).toEqual([
      {
        of: "node",
        region,
        availabilityZones: ["eu-west-1a", "eu-west-1b"],
        snapshot: newest,
      },
    ]);
    const { name, instanceType } = node;
    expect(written?.environment).toMatchObject({
      name: `${name}-${region}`,
      region,
      modelBucket,
      stateBucket: `${node.stateBucket}-${region}`,
      dataVolumeSnapshot: newest,
      instanceType,
      vpcCidr: "10.200.0.0/16",
      backups: { bucket: "berth-example-node-backups-eu-west-1", days: 35 },
    });
    expect(written?.environment.replication).toBeUndefined();
  });

  it("makes the data volume from the snapshot", async () => {
    await start();
    await run();
    const volumes = synthesizeTo(
      join(operation.folder, "again"),
      written!.environment,
    ).layers.flatMap(({ json }) => Object.values(json.resource?.["aws_ebs_volume"] ?? {}));
    expect(volumes).toEqual([expect.objectContaining({ snapshot_id: newest })]);
  });

  it("goes in order: state bucket, storage, the model's files, all other stacks, the page", async () => {
    await start();
    const copied: string[] = [];
    const { log } = operation.world;
    operation.world = {
      ...operation.world,
      log: (line) => {
        log(line);
        if (line.includes(`files of ${modelPrefix(servedModel)}`))
          copied.push(...operation.terraform.commands("apply"));
      },
    };
    await run();
    expect(operation.log.match(/^== .*$/gm)).toEqual([
      "== find the copies",
      "== write and synthesize the environment",
      "== make the state bucket",
      "== deploy the storage, the data volume from its snapshot",
      "== copy the model",
      "== deploy the other stacks",
      "== wait for the page",
    ]);
    expect(copied[0]).toBe("apply berth-node-eu-west-1-state");
    expect(copied.at(-1)).toBe("apply berth-node-eu-west-1-storage");
    expect(copied).not.toContain("apply berth-node-eu-west-1-node");
    expect(operation.terraform.commands("apply")).toContain("apply berth-node-eu-west-1-node");
    expect(operation.aws.contents.buckets[modelBucket]).toEqual(
      operation.aws.contents.buckets[replica],
    );
    expect(operation.log).toContain("git add contract/src/recoveries.ts");
  });

  it("prints how long each step took, and all of them", async () => {
    await start();
    let tries = 0;
    operation.world = {
      ...operation.world,
      get: () => Promise.resolve({ status: ++tries < 25 ? 503 : 200 }),
    };
    await run();
    const table = operation.log.slice(
      operation.log.indexOf("Took, in minutes (the goal is 20:00)"),
    );
    expect(table).toMatch(/write and synthesize the environment +0:06\n/);
    expect(table).toMatch(/wait for the page +2:00\n/);
    expect(table).toMatch(/all +2:06$/);
  });

  it("goes on where it was interrupted, with the snapshot that was chosen first", async () => {
    await start();
    const known = {
      of: "node",
      region,
      availabilityZones: ["eu-west-1a", "eu-west-1b"],
      snapshot: "snap-00000001",
    } as const;
    await run({}, lost, [known]);
    expect(written?.recoveries).toEqual([known]);
    expect(written?.environment).toMatchObject({ dataVolumeSnapshot: "snap-00000001" });
    expect(operation.log).not.toContain("find the copies");
  });

  it("gives each recovery a network of its own", async () => {
    await start();
    await run({}, lost, [{ of: "other", region, availabilityZones: [] }]);
    expect(written?.environment.vpcCidr).toBe("10.201.0.0/16");
  });

  it("begins with an empty volume only when told so", async () => {
    await start();
    operation.aws.contents.snapshots[region] = [];
    await expect(run()).rejects.toThrow("No snapshot of node was copied to eu-west-1");
    expect(written).toBeUndefined();
    await run({ withoutHistory: true });
    expect(written?.environment).toMatchObject({ name: "node-eu-west-1" });
    expect(written?.environment).not.toHaveProperty("dataVolumeSnapshot", expect.anything());
  });

  it("needs no snapshot for a cluster, which has no data volume", async () => {
    await start();
    const cluster = { ...eks, replication: { region } } as const;
    const bucket = `${eks.modelBucket}-${region}`;
    operation.aws.contents.buckets[`${eks.modelBucket}-replica`] =
      operation.aws.contents.buckets[replica]!;
    operation.aws.contents.buckets[bucket] = [];
    await run({}, cluster);
    expect(written?.recoveries[0]?.snapshot).toBeUndefined();
    expect(written?.environment.availabilityZones).toHaveLength(eks.availabilityZones.length);
  });

  it("fails when the environment is not copied there, before anything is written", async () => {
    await start();
    await expect(run({ region: "us-east-1" })).rejects.toThrow(
      "node is not copied to us-east-1: its replication is eu-west-1",
    );
    await expect(run({}, { ...lost, replication: undefined })).rejects.toThrow(
      "its replication is off",
    );
    await expect(run({ region: lost.region })).rejects.toThrow("node is in eu-central-1 already");
    expect(written).toBeUndefined();
  });

  it("fails when the region has too few zones", async () => {
    await start();
    operation.aws.contents.zones[region] = ["eu-west-1a"];
    await expect(run()).rejects.toThrow("eu-west-1 has 1 zones, and node takes 2");
  });

  it("fails when the model was not copied, before any machine is made", async () => {
    await start();
    operation.aws.contents.buckets[replica] = ["models/another/1.0.0/model.onnx@1"];
    await expect(run()).rejects.toThrow(`${replica} has nothing at ${modelPrefix(servedModel)}`);
    expect(operation.terraform.commands("apply")).not.toContain("apply berth-node-eu-west-1-node");
  });

  it("fails at the first step that fails, with the times until then", async () => {
    await start({ failing: { "apply berth-node-eu-west-1-storage": "Error: no" } });
    await expect(run()).rejects.toThrow("berth-node-eu-west-1-storage failed");
    expect(operation.log).toMatch(/deploy the storage, .* +0:00\n +all +0:06$/);
    expect(operation.log).not.toContain("copy the model");
  });
});

describe("the contract's recoveries", () => {
  const source = readFileSync(join(__dirname, "../../../contract/src/recoveries.ts"), "utf8");

  it("are in the file as the program writes it", () => {
    expect(recoveriesSource(recoveries)).toBe(source);
  });

  it("are written with all that they hold", () => {
    const [, list] = recoveriesSource([
      { of: "node", region, availabilityZones: ["eu-west-1a", "eu-west-1b"], snapshot: newest },
      { of: "eks", region, availabilityZones: ["eu-west-1a"] },
    ]).split("recoveries: readonly Recovery[] = ");
    expect(list).toBe(`[
  {
    of: "node",
    region: "eu-west-1",
    availabilityZones: ["eu-west-1a", "eu-west-1b"],
    snapshot: "snap-0123456789abcdef0",
  },
  {
    of: "eks",
    region: "eu-west-1",
    availabilityZones: ["eu-west-1a"],
  },
];
`);
  });
});
