import { mkdirSync } from "node:fs";
import { App } from "cdktf";
import { addEnvironments } from "../../stacks/add-environments";
import { everyOption } from "./every-option";

// A program of its own for checks that read files: the checks' scripts bundle it and set CDKTF_OUTDIR.
const outdir = process.env.CDKTF_OUTDIR;
if (!outdir) throw new Error("CDKTF_OUTDIR is not set: name the folder to write to");
mkdirSync(outdir, { recursive: true });
const app = new App({ outdir, stackTraces: false });
addEnvironments(app, { environments: everyOption });
app.synth();
