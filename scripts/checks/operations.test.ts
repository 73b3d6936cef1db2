import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { environments } from "@berth/contract";
import type { NodeEnvironment } from "@berth/contract";
import type { BucketState } from "../../infra-stacks/operations/cloud-account";
import { deploy } from "../../infra-stacks/operations/deploy";
import { destroy } from "../../infra-stacks/operations/destroy";
import { synthesizeTo } from "../../infra-stacks/operations/synthesize-environment";
import type { SynthesizedEnvironment } from "../../infra-stacks/operations/synthesized-environment";
import { Terraform } from "../../infra-stacks/operations/terraform";
import type { PlanSummary } from "../../infra-stacks/operations/terraform";
import type { World } from "../../infra-stacks/operations/world";
import { addPlaceholders } from "../lib/placeholders";
import { withOwnNames, withoutProvider } from "../lib/without-provider";

// Terraform runs some forty times, on a machine that may be busy.
jest.setTimeout(240_000);

const hasTerraform = spawnSync("terraform", ["version"]).error === undefined;
const withTerraform = hasTerraform ? describe : describe.skip;
if (!hasTerraform)
  console.warn("Skipped, since terraform is not on the PATH: deploy and destroy with Terraform");

const environment = environments.find((one) => one.kind === "node") as NodeEnvironment;

/** Terraform itself, in stacks whose resources are built-in ones, under the resources' own names. */
class TerraformWithoutProvider extends Terraform {
  override async addresses(folder: string): Promise<string[]> {
    const addresses = await super.addresses(folder);
    return addresses.map((address) => withOwnNames(address));
  }

  override plan(folder: string, options?: { readonly destroy?: boolean }): Promise<PlanSummary> {
    const file = join(folder, "unprotected_override.tf.json");
    if (existsSync(file)) rewriteOverrides(folder, file);
    return super.plan(folder, options);
  }
}

/** Makes overrides of resources ones of their stand-ins, once: a destruction plans with the same file twice. */
function rewriteOverrides(folder: string, file: string): void {
  const { resource } = JSON.parse(readFileSync(file, "utf8"));
  if (resource.terraform_data !== undefined) return;
  const stack = JSON.parse(readFileSync(join(folder, "cdk.tf.json"), "utf8"));
  const terraform_data: Record<string, object> = {};
  for (const [type, blocks] of Object.entries<Record<string, object>>(resource))
    for (const [id, { lifecycle, ...args }] of Object.entries<{ lifecycle?: object }>(blocks)) {
      const standIn = `resource__${type}__${id}`;
      const { input } = stack.resource.terraform_data[standIn];
      terraform_data[standIn] = { lifecycle, input: { ...input, ...args } };
    }
  writeFileSync(file, JSON.stringify({ resource: { terraform_data } }));
}

type Blocks = Record<string, { lifecycle?: { prevent_destroy?: boolean } }>;
type RemoteState = { config: { key: string } };

/** Rewrites a stack so that it needs no provider, and keeps its state in a folder that stands for the bucket. */
function rewriteStack(folder: string, bucket: string): void {
  const file = join(folder, "cdk.tf.json");
  const stack = JSON.parse(readFileSync(file, "utf8"));
  const written = addPlaceholders(withoutProvider(stack));
  for (const [type, blocks] of Object.entries<Blocks>(stack.resource))
    for (const [id, { lifecycle }] of Object.entries(blocks))
      if (lifecycle?.prevent_destroy) {
        const standIn = written.resource.terraform_data[`resource__${type}__${id}`];
        standIn.lifecycle = { ...standIn.lifecycle, prevent_destroy: true };
      }
  const { key } = stack.terraform.backend.s3;
  written.terraform.backend = { local: { path: join(bucket, key) } };
  for (const state of Object.values<RemoteState>(written.data?.terraform_remote_state ?? {}))
    Object.assign(state, { backend: "local", config: { path: join(bucket, state.config.key) } });
  writeFileSync(file, JSON.stringify(written));
}

withTerraform("deploy and destroy with Terraform itself, and built-in resources", () => {
  let folder: string;
  let bucket: string;
  let synthesized: SynthesizedEnvironment;
  let world: World;
  const lines: string[] = [];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "berth-operations-"));
    bucket = join(folder, "bucket");
    synthesized = synthesizeTo(join(folder, "cdktf.out"), environment);
    for (const stack of [synthesized.state, ...synthesized.layers])
      rewriteStack(stack.folder, bucket);
    world = {
      // The plans that it shows are of no interest here.
      terraform: new TerraformWithoutProvider(process.env, new PassThrough().resume()),
      account: {
        number: () => Promise.resolve("123456789012"),
        bucket: (name): Promise<BucketState> =>
          Promise.resolve(
            name !== environment.stateBucket || existsSync(bucket) ? "empty" : "absent",
          ),
        emptyBucket: () => Promise.resolve(0),
        tagged: () => Promise.resolve([]),
        going: () => Promise.resolve([]),
      },
      clock: { now: () => 0, sleep: () => Promise.resolve() },
      get: () => Promise.resolve({ status: 200 }),
      ask: () => Promise.resolve(undefined),
      log: (line) => lines.push(line),
      root: folder,
    };
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** The states that hold anything, by their stacks. */
  const standing = (): string[] =>
    readdirSync(bucket, { recursive: true })
      .map(String)
      .filter((file) => file.endsWith(".tfstate") && statSync(join(bucket, file)).isFile())
      .filter((file) => {
        const { resources } = JSON.parse(readFileSync(join(bucket, file), "utf8"));
        return resources.some(({ mode }: { mode: string }) => mode === "managed");
      })
      .sort();
  const stateOf = (id: string) => join(id, "terraform.tfstate");

  it("makes the state bucket first, moves its own state there, and then every stack from the values of others", async () => {
    const options = { yes: true, bootstrap: true, waitMs: 1000 };
    await expect(deploy(world, synthesized, options)).resolves.toMatch(/^http:/);
    const ids = [synthesized.state, ...synthesized.layers].map(({ id }) => id);
    expect(standing()).toEqual(ids.map(stateOf).sort());
    expect(readdirSync(folder).filter((file) => file.includes("tfstate"))).toEqual([]);
  });

  it("finds nothing to change the second time", async () => {
    lines.length = 0;
    await deploy(world, synthesized, { yes: false, bootstrap: false, waitMs: 0 });
    expect(lines.filter((line) => line.includes("unchanged"))).toHaveLength(
      synthesized.layers.length + 1,
    );
  });

  it("fails to destroy the data volume while it is not named", async () => {
    await expect(destroy(world, synthesized, { yes: true, deleteData: [] })).rejects.toThrow(
      "holds data that would be lost, and nothing was touched",
    );
    expect(standing()).toHaveLength(synthesized.layers.length + 1);
  });

  it("destroys every stack in reverse, what is protected too once it is named, and the state bucket last", async () => {
    const volumes = synthesized.layers.flatMap(({ json }) =>
      Object.values(json.resource?.["aws_ebs_volume"] ?? {}).map(
        ({ tags }) => (tags as { Name: string }).Name,
      ),
    );
    expect(volumes).toHaveLength(1);
    await destroy(world, synthesized, {
      yes: true,
      deleteData: [...volumes, environment.stateBucket],
    });
    expect(standing().filter((file) => !file.includes(synthesized.state.id))).toEqual([]);
    expect(lines.at(-1)).toBe(`Nothing else of ${environment.name} is left.`);
    expect(readdirSync(folder).filter((file) => file.includes("tfstate"))).toEqual([]);
  });
});
