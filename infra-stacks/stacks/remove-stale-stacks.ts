import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { TerraformStack } from "cdktf";

/**
 * Removes the folders of stacks that the app no longer has, so that the output is a function of the sources alone.
 * Only a folder that holds a synthesized stack is removed.
 */
export function removeStaleStacks(outdir: string, stacks: readonly TerraformStack[]): void {
  const folder = join(outdir, "stacks");
  const current = new Set(stacks.map((stack) => stack.node.id));
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder))
    if (!current.has(name) && existsSync(join(folder, name, "cdk.tf.json")))
      rmSync(join(folder, name), { recursive: true });
}
