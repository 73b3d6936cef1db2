import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { App } from "cdktf";
import { addEnvironments } from "../../stacks/add-environments";
import type { AddEnvironmentsOptions } from "../../stacks/add-environments";
import { eks, local, node } from "./fixtures";
import type { StackJson } from "./stack-json";
import { withTemporaryFolder } from "./temporary-folder";

/** The stacks of an app by their ids, without CDKTF's own notes (`//`). */
export type Synthesized = Readonly<Record<string, StackJson>>;

/** Synthesizes one environment of each kind (fixtures.ts), where nothing else is given. */
export function synthesize(options: Partial<AddEnvironmentsOptions> = {}): Synthesized {
  return withTemporaryFolder((outdir) => {
    const app = new App({ outdir, stackTraces: false });
    addEnvironments(app, { environments: [local, node, eks], ...options });
    app.synth();

    const folder = join(outdir, "stacks");
    return Object.fromEntries(
      readdirSync(folder)
        .sort()
        .map((id) => [
          id,
          JSON.parse(
            readFileSync(join(folder, id, "cdk.tf.json"), "utf8"),
            (key, value: unknown) => (key === "//" ? undefined : value),
          ) as StackJson,
        ]),
    );
  });
}

/**
 * One stack.
 *
 * @throws {Error} when there is none of that id
 */
export function stackOf(stacks: Synthesized, id: string): StackJson {
  const stack = stacks[id];
  if (!stack) throw new Error(`no stack ${id}, only ${Object.keys(stacks).join(", ")}`);
  return stack;
}
