import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AwsEnvironment } from "@berth/contract";
import { App } from "cdktf";
import { addEnvironments } from "../stacks/add-environments";
import { readEnvironment } from "./synthesized-environment";
import type { SynthesizedEnvironment } from "./synthesized-environment";

/** Synthesizes one environment alone into a folder. */
export function synthesizeTo(outdir: string, environment: AwsEnvironment): SynthesizedEnvironment {
  const app = new App({ outdir, stackTraces: false });
  addEnvironments(app, { environments: [environment] });
  app.synth();
  return readEnvironment(outdir, environment);
}

/** The stacks of one environment, synthesized in a folder of their own that is gone afterwards. */
export function synthesizeEnvironment(environment: AwsEnvironment): SynthesizedEnvironment {
  const outdir = mkdtempSync(join(tmpdir(), "berth-synth-"));
  try {
    return synthesizeTo(outdir, environment);
  } finally {
    rmSync(outdir, { recursive: true });
  }
}
