import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** What the program answers; keys are stacks. */
export interface FakeTerraformAnswers {
  readonly version?: string;
  /** Addresses in each stack's state; a stack without any has no state. An apply puts one there, or takes all away. */
  readonly state?: Readonly<Record<string, readonly string[]>>;
  readonly outputs?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Stacks whose plan is empty. */
  readonly unchanged?: readonly string[];
  /** Commands that fail, such as `apply berth-node-network`, with what they print. */
  readonly failing?: Readonly<Record<string, string>>;
  /** Resource changes of each stack's plan. */
  readonly changes?: Readonly<Record<string, readonly { address: string; actions: string[] }[]>>;
}

/** One call of the program. */
export interface TerraformCall {
  /** The stack in whose folder it ran. */
  readonly stack: string;
  readonly command: string;
  /** The command with its arguments. */
  readonly line: string;
  /** The override files that it found, by name. */
  readonly overrides: Readonly<Record<string, unknown>>;
}

// A shell starts ten times as fast as Node, and an operation calls terraform thirty times.
const program = `#!/bin/sh
here=\${0%/*}; stack=\${PWD##*/}; tab=$(printf '\\t')
call="$stack$tab$*"
for file in *_override.tf.json; do [ -e "$file" ] && call="$call$tab$file=$(cat "$file")"; done
printf '%s\\n' "$call" >> "$here/calls"
if [ -e "$here/failing/$1 $stack" ]; then cat "$here/failing/$1 $stack" >&2; exit 1; fi
state="$here/state/$stack"
case $1 in
  version) cat "$here/version" ;;
  plan)
    case "$*" in *-destroy*) echo destroy > berth.tfplan ;; *) echo create > berth.tfplan ;; esac
    [ -e "$here/unchanged/$stack" ] || exit 2 ;;
  show) cat "$here/changes/$stack" 2> /dev/null || echo '{}' ;;
  apply)
    [ -e local_state_override.tf.json ] && echo '{}' > "$here/../terraform.$stack.tfstate"
    if [ "$(cat berth.tfplan)" = destroy ]; then : > "$state"; elif [ ! -e "$state" ]; then echo aws_vpc.made > "$state"; fi ;;
  output) cat "$here/outputs/$stack" 2> /dev/null || echo '{}' ;;
  state)
    if [ ! -e "$state" ]; then echo 'No state file was found!' >&2; exit 1; fi
    cat "$state" ;;
esac
`;

/** A program named terraform that records its calls and answers as it is told. */
export class FakeTerraform {
  /** The environment in which it is found before any other. */
  readonly env: NodeJS.ProcessEnv;

  constructor(
    private readonly folder: string,
    { version = "1.11.4", state, outputs, unchanged = [], failing, changes }: FakeTerraformAnswers,
  ) {
    writeFileSync(join(folder, "terraform"), program, { mode: 0o755 });
    writeFileSync(join(folder, "version"), JSON.stringify({ terraform_version: version }));
    this.write("state", state, (addresses) => addresses.join("\n"));
    this.write("unchanged", Object.fromEntries(unchanged.map((stack) => [stack, ""])), String);
    this.write("failing", failing, String);
    this.write("outputs", outputs, (values) =>
      JSON.stringify(
        Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }])),
      ),
    );
    this.write("changes", changes, (list) =>
      JSON.stringify({
        resource_changes: list.map(({ address, actions }) => ({ address, change: { actions } })),
      }),
    );
    this.env = { ...process.env, PATH: `${folder}${delimiter}${process.env["PATH"]}` };
  }

  private write<T>(
    kind: string,
    answers: Readonly<Record<string, T>> = {},
    text: (answer: T) => string,
  ): void {
    mkdirSync(join(this.folder, kind));
    for (const [name, answer] of Object.entries(answers))
      writeFileSync(join(this.folder, kind, name), text(answer));
  }

  /** Lets a stack stand, or not. */
  putState(stack: string, addresses: readonly string[]): void {
    writeFileSync(join(this.folder, "state", stack), addresses.join("\n"));
  }

  calls(): TerraformCall[] {
    const file = join(this.folder, "calls");
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    return lines.map((text) => {
      const [stack = "", line = "", ...files] = text.split("\t");
      const overrides = files.map((one) => {
        const at = one.indexOf("=");
        return [one.slice(0, at), JSON.parse(one.slice(at + 1))] as const;
      });
      return {
        stack,
        line,
        command: line.split(" ")[0] ?? "",
        overrides: Object.fromEntries(overrides),
      };
    });
  }

  /** What was asked of it, in short: `apply berth-node-network`. */
  commands(...shown: readonly string[]): string[] {
    return this.calls()
      .filter(({ command }) => shown.includes(command))
      .map(({ command, stack }) => `${command} ${stack}`);
  }
}
