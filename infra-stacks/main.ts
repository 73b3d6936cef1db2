import { mkdirSync } from "node:fs";
import { environments } from "@berth/contract";
import { App } from "cdktf";
import { addEnvironments } from "./stacks/add-environments";
import { removeStaleStacks } from "./stacks/remove-stale-stacks";

// The CDKTF CLI sets CDKTF_OUTDIR. BERTH_BOOTSTRAP is explained in README.md.
const outdir = process.env.CDKTF_OUTDIR ?? "cdktf.out";
const bootstrap = process.env.BERTH_BOOTSTRAP || undefined;

mkdirSync(outdir, { recursive: true });
const app = new App({ outdir, stackTraces: false });
const stacks = addEnvironments(app, { environments, bootstrap });
app.synth();
removeStaleStacks(outdir, stacks);
