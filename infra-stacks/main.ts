import { mkdirSync } from "node:fs";
import { environments } from "@berth/contract";
import { App } from "cdktf";
import { addEnvironments } from "./stacks/add-environments";
import { findEnvironment } from "./operations/synthesized-environment";
import { removeStaleStacks } from "./stacks/remove-stale-stacks";
import { soleEnvironment } from "./stacks/stack-id";

// The CDKTF CLI sets CDKTF_OUTDIR. BERTH_ENVIRONMENT and BERTH_BOOTSTRAP are explained in README.md.
const outdir = process.env.CDKTF_OUTDIR ?? "cdktf.out";
const sole = process.env.BERTH_ENVIRONMENT || undefined;
const bootstrap = process.env.BERTH_BOOTSTRAP || undefined;

mkdirSync(outdir, { recursive: true });
const app = new App({ outdir, stackTraces: false, context: { [soleEnvironment]: sole } });
const synthesized = sole === undefined ? environments : [findEnvironment(environments, sole)];
const stacks = addEnvironments(app, { environments: synthesized, bootstrap });
app.synth();
// The CLI removes them itself, and fails where that was done before.
if (process.env.CDKTF_OUTDIR === undefined) removeStaleStacks(outdir, stacks);
