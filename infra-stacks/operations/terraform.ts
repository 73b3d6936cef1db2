import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { oldestTerraform } from "../stacks/aws-stack";
import { Fault } from "./fault";

/** The file of a plan, in its stack's folder. It is removed once it was applied: it holds what the state holds. */
const planFile = "berth.tfplan";

/** What a plan would do. */
export interface PlanSummary {
  readonly changes: boolean;
  /** Addresses of resources that would be destroyed and made anew. */
  readonly replaced: readonly string[];
  /** Addresses of resources that would be destroyed for good. */
  readonly destroyed: readonly string[];
}

interface PlanJson {
  readonly resource_changes?: readonly {
    readonly address: string;
    readonly change: { readonly actions: readonly string[] };
  }[];
}

/** What Terraform printed when it failed, and what helps. */
const remedies: readonly (readonly [RegExp, string])[] = [
  [
    /error acquiring the state lock/i,
    "Somebody else applies this stack right now. Wait until they are done. If nobody does, a run was killed: " +
      "terraform force-unlock with the lock's ID, in the stack's folder.",
  ],
  [
    /NoSuchBucket|S3 bucket "[^"]+" does not exist/i,
    "The state bucket is missing: npm run deploy -- <env> --bootstrap makes it.",
  ],
  [
    /ExpiredToken|No valid credential sources|InvalidClientTokenId|get credentials/i,
    "There are no valid credentials of AWS: aws sso login, and run it again.",
  ],
  [
    /Failed to query available provider packages|Failed to install provider/i,
    "The AWS provider could not be downloaded: check the network, or name a mirror in TF_CLI_CONFIG_FILE.",
  ],
  [
    /Instance cannot be destroyed|prevent_destroy/i,
    "The plan would destroy what is protected. npm run destroy -- <env> --delete-data <name> does it on purpose.",
  ],
  [
    /AccessDenied|UnauthorizedOperation|not authorized to perform/i,
    "The credentials may not do this: use the role that deploys.",
  ],
];

/** Terraform's command line, in the folder of one stack at a time. What changes something shows its output. */
export class Terraform {
  constructor(
    private readonly env: NodeJS.ProcessEnv,
    private readonly complaints: NodeJS.WritableStream = process.stderr,
  ) {}

  /** @throws {Fault} when it is not installed, or too old */
  async requireVersion(): Promise<void> {
    const json = await this.capture(process.cwd(), ["version", "-json"]);
    const { terraform_version: version } = JSON.parse(json) as { terraform_version: string };
    if (isOlder(version, oldestTerraform))
      throw new Fault(
        `This is Terraform ${version}; the lock file of the state needs ${oldestTerraform} or later. Install a newer one.`,
      );
  }

  async init(folder: string, ...flags: readonly string[]): Promise<void> {
    await this.capture(folder, ["init", "-input=false", ...flags]);
  }

  /** Plans, shows the plan, and keeps it for {@link apply}. */
  async plan(folder: string, options: { readonly destroy?: boolean } = {}): Promise<PlanSummary> {
    const flags = options.destroy ? ["-destroy"] : [];
    const status = await this.show(
      folder,
      ["plan", "-input=false", "-detailed-exitcode", `-out=${planFile}`, ...flags],
      [0, 2],
    );
    if (status === 0) return { changes: false, replaced: [], destroyed: [] };
    const plan = JSON.parse(await this.capture(folder, ["show", "-json", planFile])) as PlanJson;
    const withActions = (...actions: readonly string[]) =>
      (plan.resource_changes ?? [])
        .filter(({ change }) => [...change.actions].sort().join() === actions.join())
        .map(({ address }) => address);
    return {
      changes: true,
      replaced: withActions("create", "delete"),
      destroyed: withActions("delete"),
    };
  }

  /** Does what was planned last. */
  async apply(folder: string): Promise<void> {
    try {
      await this.show(folder, ["apply", "-input=false", planFile]);
    } finally {
      this.discardPlan(folder);
    }
  }

  discardPlan(folder: string): void {
    rmSync(join(folder, planFile), { force: true });
  }

  /** The values of a stack's outputs. */
  async outputs(folder: string): Promise<Record<string, unknown>> {
    const json = await this.capture(folder, ["output", "-json"]);
    const outputs = JSON.parse(json) as Record<string, { value: unknown }>;
    return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]));
  }

  /** The addresses of what is in a stack's state. */
  async addresses(folder: string): Promise<string[]> {
    const text = await this.capture(folder, ["state", "list"], /No state file was found/);
    return text.split("\n").filter((line) => line !== "" && !line.startsWith("data."));
  }

  /** Runs without showing anything. `empty` is a complaint that stands for no output. */
  private async capture(folder: string, args: readonly string[], empty?: RegExp): Promise<string> {
    const { status, stdout, stderr } = await this.run(folder, args, false);
    if (status === 0) return stdout;
    if (empty?.test(stderr)) return "";
    throw failure(args, stderr);
  }

  private async show(
    folder: string,
    args: readonly string[],
    success: readonly number[] = [0],
  ): Promise<number> {
    const { status, stderr } = await this.run(folder, args, true);
    if (success.includes(status)) return status;
    throw failure(args, stderr, true);
  }

  private async run(
    folder: string,
    args: readonly string[],
    shown: boolean,
  ): Promise<{ status: number; stdout: string; stderr: string }> {
    const child = spawn("terraform", args, {
      cwd: folder,
      env: { ...this.env, CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1" },
      stdio: ["ignore", shown ? "inherit" : "pipe", "pipe"],
    });
    // Ctrl-C reaches Terraform too, which ends in order and unlocks its state; this waits for it.
    const wait = (): void => undefined;
    process.on("SIGINT", wait);
    let stdout = "";
    let stderr = "";
    child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
      if (shown) this.complaints.write(chunk);
    });
    try {
      const status = await new Promise<number>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", (code) => resolve(code ?? 1));
      });
      return { status, stdout, stderr };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      throw new Fault(
        `There is no terraform on the PATH. Install Terraform ${oldestTerraform} or later: ` +
          "https://developer.hashicorp.com/terraform/install",
      );
    } finally {
      process.off("SIGINT", wait);
    }
  }
}

function failure(args: readonly string[], stderr: string, wasShown = false): Fault {
  const remedy = remedies.find(([pattern]) => pattern.test(stderr))?.[1];
  const parts = [`terraform ${args[0]} failed.`, wasShown ? undefined : stderr.trim(), remedy];
  return new Fault(parts.filter(Boolean).join("\n\n"));
}

function isOlder(version: string, than: string): boolean {
  const [one = [], other = []] = [version, than].map((text) =>
    text.replace(/-.*/, "").split(".").map(Number),
  );
  const i = one.findIndex((part, at) => part !== other[at]);
  return i >= 0 && (one[i] ?? 0) < (other[i] ?? 0);
}
