import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type { AwsEnvironment } from "@berth/contract";
import { AwsAccount } from "../../../operations/aws-account";
import { synthesizeTo } from "../../../operations/synthesize-environment";
import type { SynthesizedEnvironment } from "../../../operations/synthesized-environment";
import { Terraform } from "../../../operations/terraform";
import type { HttpAnswer, World } from "../../../operations/world";
import { FakeAws } from "./fake-aws";
import { FakeTerraform } from "./fake-terraform";
import type { FakeTerraformAnswers } from "./fake-terraform";

/** Credentials that only the fake takes, and no word of the SDK about what later versions will ask of Node. */
const credentials = {
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
};

export interface OperationOptions {
  readonly environment: AwsEnvironment;
  readonly terraform?: FakeTerraformAnswers;
  /** What a person answers; nobody is there when unset. */
  readonly answer?: string;
  readonly get?: World["get"];
}

/** An operation's surroundings: synthesized stacks, a fake terraform on the PATH, AWS on loopback, time that flies. */
export class Operation {
  readonly folder = mkdtempSync(join(tmpdir(), "berth-operation-"));
  readonly aws = new FakeAws();
  readonly lines: string[] = [];
  readonly questions: string[] = [];
  readonly asked: string[] = [];
  nowMs = 0;
  terraform!: FakeTerraform;
  world!: World;
  synthesized!: SynthesizedEnvironment;
  private readonly envBefore = { ...process.env };

  async start({ environment, terraform = {}, answer, get }: OperationOptions): Promise<this> {
    this.synthesized = synthesizeTo(join(this.folder, "cdktf.out"), environment);

    Object.assign(process.env, credentials, { AWS_ENDPOINT_URL: await this.aws.start() });
    mkdirSync(join(this.folder, "bin"));
    this.terraform = new FakeTerraform(join(this.folder, "bin"), terraform);
    this.world = {
      terraform: new Terraform(this.terraform.env, new PassThrough().resume()),
      account: new AwsAccount(environment.region),
      clock: {
        now: () => this.nowMs,
        sleep: (milliseconds) => {
          this.nowMs += milliseconds;
          return Promise.resolve();
        },
      },
      get: (address, host) => {
        this.asked.push(host === undefined ? address : `${address} as ${host}`);
        return (get ?? answering(200))(address, host);
      },
      ask: (question) => {
        this.questions.push(question);
        return Promise.resolve(answer);
      },
      log: (line) => this.lines.push(line),
      root: this.folder,
    };
    return this;
  }

  /** What was logged. */
  get log(): string {
    return this.lines.join("\n");
  }

  async stop(): Promise<void> {
    await this.aws.stop();
    process.env = this.envBefore;
    rmSync(this.folder, { recursive: true });
  }
}

/** A page that answers with these statuses in turn, and with the last for ever. */
export function answering(...statuses: readonly number[]): () => Promise<HttpAnswer> {
  let asked = 0;
  return () => {
    const status = statuses[Math.min(asked++, statuses.length - 1)] ?? 200;
    return Promise.resolve({ status });
  };
}
