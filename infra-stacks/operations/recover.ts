import {
  modelPrefix,
  parseEnvironment,
  recoveredEnvironment,
  replicaBucket,
  servedModel,
} from "@berth/contract";
import type { AwsEnvironment, AwsRegion, Recovery } from "@berth/contract";
import { defaultTags } from "../stacks/default-tags";
import { deployStacks, ensureState, requireTools, waitUntilServed } from "./deployment-steps";
import type { DeployOptions } from "./deployment-steps";
import { Fault } from "./fault";
import type { RecoverySource } from "./recovery-source";
import { StepTimes } from "./step-times";
import type { SynthesizedEnvironment } from "./synthesized-environment";
import type { World } from "./world";

/** In which time an environment is to stand in another region. */
export const goalMinutes = 20;

export interface RecoverOptions extends DeployOptions {
  readonly region: AwsRegion;
  /** Begin with an empty data volume where no snapshot was copied. */
  readonly withoutHistory: boolean;
}

export interface RecoveryWorld extends World {
  readonly source: RecoverySource;
  /** The recoveries so far. */
  readonly recoveries: readonly Recovery[];
  /** Writes the recoveries into the contract, synthesizes everything, and gives an environment's stacks. */
  readonly synthesize: (
    recoveries: readonly Recovery[],
    environment: AwsEnvironment,
  ) => Promise<SynthesizedEnvironment>;
}

/**
 * Lets a lost environment stand anew in another region, from the snapshot and the model that were copied there. What was
 * interrupted goes on: what was found is in the contract, and what stands is left as it is.
 *
 * @returns the page's address, where a stack gives one
 * @throws {Fault} when there is nothing to recover from; at the first step that fails, with the times of those before
 */
export async function recover(
  world: RecoveryWorld,
  lost: AwsEnvironment,
  options: RecoverOptions,
): Promise<string | undefined> {
  const { log, source, clock } = world;
  const { region } = options;
  if (region === lost.region)
    throw new Fault(`${lost.name} is in ${region} already: name the region that its copies are in`);
  if (lost.replication?.region !== region)
    throw new Fault(
      `${lost.name} is not copied to ${region}: its replication is ${lost.replication?.region ?? "off"}. ` +
        "There is nothing to recover from; replication has to be on before the disaster.",
    );

  const times = new StepTimes(clock, log);
  try {
    const known = world.recoveries.find((one) => one.of === lost.name && one.region === region);
    const recovery = known ?? (await times.step("find the copies", findCopies));
    const recoveries = known ? world.recoveries : [...world.recoveries, recovery];
    const environment = parseEnvironment(
      recoveredEnvironment(lost, recovery, recoveries.indexOf(recovery)),
    ) as AwsEnvironment;

    const synthesized = await times.step("write and synthesize the environment", () =>
      world.synthesize(recoveries, environment),
    );
    log(
      `\nIts cluster reads its manifests from Git. Commit and push now, while this goes on:\n` +
        `  git add contract/src/recoveries.ts charts/manifests docs/infrastructure\n` +
        `  git commit -m "Recover ${lost.name} in ${region}" && git push`,
    );
    await times.step("make the state bucket", async () => {
      await requireTools(world, environment);
      await ensureState(world, synthesized, { ...options, bootstrap: true });
    });
    const { storage, rest } = splitAtStorage(synthesized);
    await times.step("deploy the storage, the data volume from its snapshot", () =>
      deployStacks(world, storage, options),
    );
    await times.step("copy the model", async () => {
      const prefix = modelPrefix(servedModel);
      const from = replicaBucket(lost.modelBucket);
      const files = await source.copyObjects(from, environment.modelBucket, prefix);
      if (files === 0)
        throw new Fault(
          `${from} has nothing at ${prefix}: publish the model to ${environment.modelBucket}, and run the same command again`,
        );
      log(`- ${files} files of ${prefix}`);
    });
    const address = await times.step("deploy the other stacks", () =>
      deployStacks(world, rest, options),
    );
    return await times.step("wait for the page", () =>
      waitUntilServed(world, environment, address, options),
    );
  } finally {
    log(`\nTook, in minutes (the goal is ${goalMinutes}:00):`);
    for (const line of times.table()) log(line);
  }

  async function findCopies(): Promise<Recovery> {
    const wanted = lost.availabilityZones.length;
    const zones = (await source.zones(region)).slice(0, wanted);
    if (zones.length < wanted)
      throw new Fault(`${region} has ${zones.length} zones, and ${lost.name} takes ${wanted}`);
    const { project, environment } = defaultTags(lost);
    const snapshot =
      lost.kind === "node"
        ? await source.newestSnapshot(
            { project: String(project), environment: String(environment) },
            region,
          )
        : undefined;
    if (snapshot)
      log(`- the newest snapshot is ${snapshot.id}, of ${snapshot.startedAt.toISOString()}`);
    else if (lost.kind === "node" && !options.withoutHistory)
      throw new Fault(
        `No snapshot of ${lost.name} was copied to ${region}. To begin with an empty history, add --without-history.`,
      );
    return { of: lost.name, region, availabilityZones: zones, snapshot: snapshot?.id };
  }
}

/** The stack with the model bucket and those before it; and all others. */
function splitAtStorage({ layers, environment }: SynthesizedEnvironment) {
  const end =
    layers.findIndex(({ json }) =>
      Object.values(json.resource?.["aws_s3_bucket"] ?? {}).some(
        ({ bucket }) => bucket === environment.modelBucket,
      ),
    ) + 1;
  return { storage: layers.slice(0, end), rest: layers.slice(end) };
}
