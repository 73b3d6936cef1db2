import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { verifyFolder } from "../../src/model/verify-model";

const service = join(__dirname, "..", "..");
const packages = [service, join(service, "..")].map((folder) => join(folder, "node_modules"));

/** A change of a source file of `src/model`, which removes a check. */
export interface Removal {
  readonly file: string;
  readonly text: string;
  readonly instead: string;
}

/**
 * `verifyFolder`, built from sources in which checks were removed: a negative control, since mutants of their kinds
 * must get through.
 */
export function checkerWithout(removals: readonly Removal[]): typeof verifyFolder {
  const key = JSON.stringify(removals);
  const checker = built.get(key) ?? build(removals);
  built.set(key, checker);
  return checker;
}

const built = new Map<string, typeof verifyFolder>();

function build(removals: readonly Removal[]): typeof verifyFolder {
  const folder = mkdtempSync(join(tmpdir(), "berth-checker-"));
  try {
    cpSync(join(service, "src"), folder, { recursive: true });
    for (const { file, text, instead } of removals) {
      const path = join(folder, "model", file);
      const source = readFileSync(path, "utf8");
      if (!source.includes(text)) throw new Error(`${file} has no ${JSON.stringify(text)}`);
      writeFileSync(path, source.replaceAll(text, instead));
    }
    const { status, stdout, stderr } = spawnSync(
      join(service, "..", "node_modules", ".bin", "esbuild"),
      [
        join(folder, "model", "verify-model.ts"),
        "--bundle",
        "--platform=node",
        `--alias:@berth/contract=${join(service, "..", "contract", "src", "index.ts")}`,
      ],
      {
        encoding: "utf8",
        maxBuffer: 2 ** 26,
        // Packages are found as from the sources' own place.
        env: { ...process.env, NODE_PATH: packages.join(delimiter) },
      },
    );
    if (status !== 0) throw new Error(stderr);
    const module = { exports: {} as { verifyFolder: typeof verifyFolder } };
    new Function("module", "exports", "require", stdout)(module, module.exports, require);
    return module.exports.verifyFolder;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
