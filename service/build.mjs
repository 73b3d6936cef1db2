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
    "src/clean-thread.ts",
    "src/migrate-history.ts",
  ],
  outdir: "dist",
  bundle: true,
  platform: "node",
  target: "node20.19",
  format: "cjs",
  sourcemap: true,
  external: [
    "@aws-sdk/client-s3",
    "@opentelemetry/*",
    "classic-level",
    "cors",
    "express",
    "helmet",
    "lru-cache",
    "mongoose",
    "on-headers",
    "onnxruntime-node",
    "pino",
    "prom-client",
    "tokenizers",
    "workerpool",
  ],
  logLevel: "warning",
};

if (process.argv.includes("--watch")) await (await context(options)).watch();
else await build(options);
