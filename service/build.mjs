import { build, context } from "esbuild";

/**
 * Bundles the service's entry points into `dist/`. Packages stay in node_modules, except those that are ES modules
 * only; `--watch` rebuilds on change.
 */
const options = {
  absWorkingDir: import.meta.dirname,
  entryPoints: [
    "src/main.ts",
    "src/inference-process.ts",
    "src/fetch-model.ts",
    "src/clean-texts.ts",
  ],
  outdir: "dist",
  bundle: true,
  platform: "node",
  target: "node20.19",
  format: "cjs",
  sourcemap: true,
  external: [
    "@aws-sdk/client-s3",
    "classic-level",
    "express",
    "helmet",
    "lru-cache",
    "mongoose",
    "on-headers",
    "onnxruntime-node",
    "pino",
    "pino-http",
    "prom-client",
    "tokenizers",
  ],
  logLevel: "warning",
};

if (process.argv.includes("--watch")) await (await context(options)).watch();
else await build(options);
