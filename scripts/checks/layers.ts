import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import type { Plugin } from "esbuild";

const root = join(__dirname, "..", "..");
const contract = join(root, "contract", "src");

/** One fact of the contract, changed in its one place. */
export interface Change {
  /** File of contract/src. */
  readonly file: string;
  /** Text that stands there exactly once, and what replaces it. */
  readonly from: string;
  readonly to: string;
}

/** What each layer makes of a contract. */
export interface Layers {
  /** Synthesized manifests by path, as text. */
  readonly charts: Map<string, string>;
  /** Synthesized Terraform by stack, as text. */
  readonly infrastructure: Map<string, string>;
  /** The service's OpenAPI document, metrics and settings. */
  readonly service: { openapi: string; metrics: string; settings: Record<string, unknown> };
  /** The page's script. */
  readonly web: string;
}

/** The contract's own files, with one changed; everything else from the disk. */
function changed(change: Change | undefined): Plugin {
  return {
    name: "changed-contract",
    setup({ onLoad }) {
      onLoad({ filter: /[\\/]contract[\\/]src[\\/].*\.ts$/ }, ({ path }) => {
        const text = readFileSync(path, "utf8");
        if (change === undefined || path !== join(contract, change.file))
          return { contents: text, loader: "ts" };
        if (text.split(change.from).length !== 2)
          throw new Error(
            `${change.file} does not hold ${JSON.stringify(change.from)} exactly once`,
          );
        return { contents: text.replace(change.from, change.to), loader: "ts" };
      });
    },
  };
}

async function bundle(entry: string, outfile: string, change: Change | undefined): Promise<string> {
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    packages: "external",
    tsconfig: join(root, "tsconfig.base.json"),
    loader: { ".css": "empty" },
    plugins: [changed(change)],
    logLevel: "silent",
  });
  return outfile;
}

/** Runs a bundle. @throws with what it printed if it fails, as a wrong contract makes it */
function run(file: string, env: Record<string, string>): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], {
    cwd: root,
    encoding: "utf8",
    env: { PATH: process.env.PATH ?? "", NODE_PATH: join(root, "node_modules"), ...env },
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

function texts(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) =>
    one.isFile(),
  );
  return new Map(
    files.map((file) => {
      const path = join(file.parentPath, file.name);
      return [path.slice(folder.length + 1), readFileSync(path, "utf8")];
    }),
  );
}

/**
 * Builds and synthesizes every layer with one fact of the contract changed.
 *
 * @param folder empty; bundles and output go there
 * @throws if a layer does not build or synthesize with it
 */
export async function layersWith(folder: string, change?: Change): Promise<Layers> {
  const at = (name: string) => join(folder, name);
  const charts = await bundle("charts/main.ts", at("charts.js"), change);
  const infrastructure = await bundle("infra-stacks/main.ts", at("infrastructure.js"), change);
  const service = await bundle("scripts/checks/service-facts.ts", at("service.js"), change);
  const web = await bundle("web/src/main.tsx", at("web.js"), change);
  mkdirSync(at("manifests"));
  run(charts, { CDK8S_OUTDIR: at("manifests") });
  run(infrastructure, { CDKTF_OUTDIR: at("cdktf.out") });
  return {
    charts: texts(at("manifests")),
    infrastructure: texts(join(at("cdktf.out"), "stacks")),
    service: JSON.parse(run(service, {})) as Layers["service"],
    web: readFileSync(web, "utf8"),
  };
}

/** The texts that hold a word, by path. */
export function holding(of: Map<string, string>, word: string): string[] {
  return [...of].filter(([, text]) => text.includes(word)).map(([path]) => path);
}
