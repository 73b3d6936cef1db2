import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AwsEnvironment, Environment } from "@berth/contract";
import { stackId } from "../stacks/stack-id";
import { Fault } from "./fault";

/** One block of Terraform's JSON: its arguments. */
export type Block = Readonly<Record<string, unknown>>;

/** A stack's `cdk.tf.json`, as far as it is read here. */
export interface StackJson {
  readonly resource?: Readonly<Record<string, Readonly<Record<string, Block>>>>;
  readonly data?: Readonly<Record<string, Readonly<Record<string, Block>>>>;
  readonly output?: Readonly<Record<string, Block>>;
  readonly provider?: Readonly<Record<string, readonly Block[]>>;
}

/** A stack as it was synthesized. */
export interface SynthesizedStack {
  readonly id: string;
  /** Where its `cdk.tf.json` lies, and Terraform runs. */
  readonly folder: string;
  readonly json: StackJson;
}

/** The stacks of one environment. */
export interface SynthesizedEnvironment {
  readonly environment: AwsEnvironment;
  /** The stack that holds the bucket of all states. */
  readonly state: SynthesizedStack;
  /** All others, each after those that it reads from. */
  readonly layers: readonly SynthesizedStack[];
}

interface Manifest {
  readonly stacks: Readonly<Record<string, ManifestEntry>>;
}

interface ManifestEntry {
  readonly workingDirectory: string;
  readonly dependencies: readonly string[];
}

/**
 * The environment of a name.
 *
 * @throws {Fault} when there is none, or it does not stand on AWS
 */
export function findEnvironment(
  environments: readonly Environment[],
  name: string | undefined,
): AwsEnvironment {
  const onAws = environments.filter((one) => one.kind !== "local");
  const known = onAws.map((one) => one.name).join(", ");
  if (name === undefined) throw new Fault(`Name an environment: ${known}`);
  const found = environments.find((one) => one.name === name);
  if (found === undefined)
    throw new Fault(
      `There is no environment ${JSON.stringify(name)}. Name one of: ${known}. They are in contract/src/deployments.ts.`,
    );
  if (found.kind === "local")
    throw new Fault(`${name} does not stand on AWS: it has no stacks. Name one of: ${known}`);
  return found;
}

/**
 * Reads an environment's stacks from the output of a synth, in the order that the manifest's dependencies give.
 *
 * @param outdir `cdktf.out`
 * @throws {Fault} when the environment was not synthesized
 */
export function readEnvironment(
  outdir: string,
  environment: AwsEnvironment,
): SynthesizedEnvironment {
  const file = join(outdir, "manifest.json");
  if (!existsSync(file)) throw new Fault(`${file} does not exist: run npm run synth`);
  const manifest = JSON.parse(readFileSync(file, "utf8")) as Manifest;
  const stacks = new Map(
    inOrder(manifest)
      .map(([id, { workingDirectory }]) => readStack(outdir, id, workingDirectory))
      .filter((stack) => environmentTag(stack.json) === environment.name)
      .map((stack) => [stack.id, stack]),
  );
  const id = stackId(environment, "state");
  const state = stacks.get(id);
  if (state === undefined)
    throw new Fault(`${file} has no stack ${id}: run npm run synth, and look at what it says`);
  stacks.delete(id);
  return { environment, state, layers: [...stacks.values()] };
}

function readStack(outdir: string, id: string, workingDirectory: string): SynthesizedStack {
  const folder = join(outdir, workingDirectory);
  const json = JSON.parse(readFileSync(join(folder, "cdk.tf.json"), "utf8")) as StackJson;
  return { id, folder, json };
}

/** The manifest's stacks, each after its dependencies. */
function inOrder({ stacks }: Manifest): [string, ManifestEntry][] {
  const ordered = new Map<string, ManifestEntry>();
  const visit = (id: string, path: readonly string[]): void => {
    if (path.includes(id))
      throw new Fault(`Stacks depend on one another in a circle: ${[...path, id].join(" -> ")}`);
    const entry = stacks[id];
    if (entry === undefined || ordered.has(id)) return;
    for (const dependency of entry.dependencies) visit(dependency, [...path, id]);
    ordered.set(id, entry);
  };
  for (const id of Object.keys(stacks)) visit(id, []);
  return [...ordered];
}

/** Which environment a stack belongs to: a tag of everything in it. */
function environmentTag(json: StackJson): unknown {
  return tagsOf(json)["environment"];
}

/** The tags that the provider gives to everything in a stack. */
export function tagsOf(json: StackJson): Readonly<Record<string, string>> {
  const [provider] = json.provider?.["aws"] ?? [];
  const [defaults] = (provider?.["default_tags"] ?? []) as { tags: Record<string, string> }[];
  return defaults?.tags ?? {};
}

/** Every region that a stack's providers work in. */
export function regionsOf(json: StackJson): string[] {
  return (json.provider?.["aws"] ?? []).map((provider) => String(provider["region"]));
}
