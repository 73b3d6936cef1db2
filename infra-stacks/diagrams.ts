import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { environments } from "@berth/contract";
import { diagramPage } from "./diagrams/diagram-page";
import { readEnvironment } from "./operations/synthesized-environment";

// Draws what main.ts synthesized before. A check sets both folders, to compare.
const stacks = process.env.CDKTF_OUTDIR ?? "cdktf.out";
const outdir = process.env.DIAGRAMS_OUTDIR ?? "docs/infrastructure";

mkdirSync(outdir, { recursive: true });
const pages = environments
  .filter((environment) => environment.kind !== "local")
  .map((environment) => ({
    file: `${environment.name}.md`,
    text: diagramPage(readEnvironment(stacks, environment)),
  }));
for (const stale of readdirSync(outdir))
  if (!pages.some(({ file }) => file === stale)) rmSync(join(outdir, stale));
for (const { file, text } of pages) writeFileSync(join(outdir, file), text);
