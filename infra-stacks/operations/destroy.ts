import { applyStack, approve } from "./apply-stack";
import { Fault } from "./fault";
import { findLeftovers } from "./leftovers";
import { protectedResources, withoutProtection } from "./protected-resources";
import type { ProtectedResource } from "./protected-resources";
import { requireAccount } from "./require-account";
import { withoutStateBucket } from "./state-home";
import { regionsOf, tagsOf } from "./synthesized-environment";
import type { SynthesizedEnvironment, SynthesizedStack } from "./synthesized-environment";
import type { World } from "./world";

export interface DestroyOptions {
  /** Destroy without asking. */
  readonly yes: boolean;
  /** Names of what may be deleted although it holds data. */
  readonly deleteData: readonly string[];
}

interface Standing {
  readonly stack: SynthesizedStack;
  readonly protectedOnes: readonly ProtectedResource[];
}

/**
 * Takes an environment down, each stack before those that it reads from, and looks for what is left. The state bucket
 * stays, unless it is named.
 *
 * @throws {Fault} before anything is touched, when data would be lost that nobody named; at the first stack that fails;
 * and when something is left
 */
export async function destroy(
  world: World,
  synthesized: SynthesizedEnvironment,
  options: DestroyOptions,
): Promise<void> {
  const { terraform, account, log } = world;
  const { environment, state, layers } = synthesized;
  const { stateBucket, name } = environment;
  await terraform.requireVersion();
  await requireAccount(world, environment);

  if (["empty", "full"].includes(await account.bucket(stateBucket))) {
    const standing: Standing[] = [];
    for (const stack of layers.toReversed()) {
      const one = await inspect(stack);
      if (one !== undefined) standing.push(one);
    }
    requireNames(standing);
    const withState = options.deleteData.includes(stateBucket);
    if (!options.yes && (standing.length > 0 || withState))
      await approve(world.ask, `Destroy ${name} (${described(standing)})? Only "yes" does: `);
    for (const one of standing) await takeDown(one);
    if (withState) await takeDownState();
  } else log(`- there is no state bucket ${stateBucket}: nothing was deployed, or all is gone`);

  await requireNothingLeft();

  async function inspect(stack: SynthesizedStack): Promise<Standing | undefined> {
    await terraform.init(stack.folder, "-reconfigure");
    const addresses = await terraform.addresses(stack.folder);
    if (addresses.length === 0) return undefined;
    return { stack, protectedOnes: await protectedResources(account, stack, addresses) };
  }

  /** @throws {Fault} when data would be lost that nobody named, or a name means nothing */
  function requireNames(standing: readonly Standing[]): void {
    const held = standing.flatMap((one) => one.protectedOnes).filter((one) => one.holdsData);
    const known = [...held.map((one) => one.name), stateBucket];
    const unknown = options.deleteData.find((one) => !known.includes(one));
    if (unknown !== undefined)
      throw new Fault(
        `--delete-data ${unknown} names nothing that holds data. Such are: ${known.join(", ")}`,
      );
    const unnamed = held.filter((one) => !options.deleteData.includes(one.name));
    if (unnamed.length === 0) return;
    throw new Fault(
      `${name} holds data that would be lost, and nothing was touched:\n` +
        unnamed.map((one) => `  ${one.name}  (${one.type}.${one.id})\n`).join("") +
        `To delete it for good, name it: npm run destroy -- ${name} ` +
        known
          .filter((one) => one !== stateBucket)
          .map((one) => `--delete-data ${one}`)
          .join(" "),
    );
  }

  async function takeDown({ stack, protectedOnes }: Standing): Promise<void> {
    try {
      for (const one of protectedOnes) if (one.type === "aws_s3_bucket") await empty(one.name);
      await withoutProtection(stack, protectedOnes, async () => {
        if (protectedOnes.some((one) => one.deletionProtected))
          await applyStack(world, stack, { yes: true });
        await applyStack(world, stack, { yes: true, destroy: true });
      });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      throw new Fault(
        `${stack.id} failed; the stacks that it reads from still stand. Mend it and run the same command again.\n\n${error.message}`,
      );
    }
  }

  /** The state bucket goes last: until then it holds what is known of all others. */
  async function takeDownState(): Promise<void> {
    await withoutStateBucket(world, state, async () => {
      const addresses = await terraform.addresses(state.folder);
      await takeDown({
        stack: state,
        protectedOnes: await protectedResources(account, state, addresses),
      });
    });
  }

  async function empty(bucket: string): Promise<void> {
    const versions = await account.emptyBucket(bucket);
    if (versions > 0) log(`- deleted ${versions} versions of objects in ${bucket}`);
  }

  async function requireNothingLeft(): Promise<void> {
    log("- looking for what is left");
    const { project, environment: tag } = tagsOf(state.json);
    const { leaked, kept } = await findLeftovers(world, {
      tags: { project: String(project), environment: String(tag) },
      regions: [state, ...layers].flatMap((stack) => regionsOf(stack.json)),
      isKept: (arn) => arn === `arn:aws:s3:::${stateBucket}` || isSnapshot(arn),
    });
    for (const arn of kept)
      log(
        `- kept: ${arn}${isSnapshot(arn) ? " (data: delete it with aws ec2 delete-snapshot)" : ""}`,
      );
    if (leaked.length > 0)
      throw new Fault(
        `${leaked.length} left with the tags of ${name}. They may cost money: look at each, and delete it by hand.\n` +
          leaked.map((arn) => `  ${arn}`).join("\n"),
      );
    log(`Nothing else of ${name} is left.`);
  }
}

function isSnapshot(arn: string): boolean {
  return /^arn:[^:]+:ec2:[^:]*:[^:]*:snapshot\//.test(arn);
}

function described(standing: readonly Standing[]): string {
  return standing.map(({ stack }) => stack.id).join(", ") || "only its state bucket";
}
