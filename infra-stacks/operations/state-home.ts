import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ApplyOptions } from "./apply-stack";
import { applyStack } from "./apply-stack";
import type { SynthesizedStack } from "./synthesized-environment";
import type { World } from "./world";

// The state bucket cannot hold its own state while it does not exist. Terraform merges *_override.tf.json into the
// stack: with one, the stack's state is a file in the project's root; without, it is in the bucket.
const overrideFile = "local_state_override.tf.json";

/** The file that holds the `state` stack's state while its bucket does not. Git ignores it. */
function stateFile(root: string, stack: SynthesizedStack): string {
  return join(root, `terraform.${stack.id}.tfstate`);
}

/** Whether a bootstrap was begun and not ended: the state is still in its file. */
export function isBootstrapping(root: string, stack: SynthesizedStack): boolean {
  return existsSync(stateFile(root, stack));
}

/**
 * Makes the state bucket, and then moves the state of its stack into it. What was interrupted goes on where it stopped.
 */
export async function bootstrapState(
  world: World,
  stack: SynthesizedStack,
  options: ApplyOptions,
): Promise<void> {
  const { terraform, root } = world;
  await withLocalState(root, stack, async () => {
    await terraform.init(stack.folder, "-reconfigure");
    await applyStack(world, stack, options);
  });
  await terraform.init(stack.folder, "-migrate-state", "-force-copy");
  removeStateFile(root, stack);
  world.log(`- the state of ${stack.id} moved into its bucket`);
}

/** Moves the state of the `state` stack out of its bucket, so that `use` can destroy that. */
export async function withoutStateBucket(
  { terraform, root }: World,
  stack: SynthesizedStack,
  use: () => Promise<void>,
): Promise<void> {
  await terraform.init(stack.folder, "-reconfigure");
  await withLocalState(root, stack, async () => {
    await terraform.init(stack.folder, "-migrate-state", "-force-copy");
    await use();
  });
  removeStateFile(root, stack);
}

async function withLocalState(
  root: string,
  stack: SynthesizedStack,
  use: () => Promise<void>,
): Promise<void> {
  const override = join(stack.folder, overrideFile);
  const backend = { local: { path: stateFile(root, stack) } };
  writeFileSync(override, JSON.stringify({ terraform: { backend } }));
  try {
    await use();
  } finally {
    rmSync(override);
  }
}

function removeStateFile(root: string, stack: SynthesizedStack): void {
  for (const suffix of ["", ".backup"]) rmSync(stateFile(root, stack) + suffix, { force: true });
}
