import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { header } from "./manifests";
import type { Manifests } from "./manifests";

/** What Argo CD would apply. */
const manifestFile = /\.(ya?ml|json)$/;

/** How a folder differs from what synth writes: paths below it, sorted. */
export interface ManifestDifferences {
  readonly missing: readonly string[];
  readonly changed: readonly string[];
  /** Files that synth does not write: left over, or put there by hand. */
  readonly extra: readonly string[];
}

/** Compares the files below a folder with what synth would write there. */
export function compareManifests(folder: string, manifests: Manifests): ManifestDifferences {
  const present = new Set(manifestFiles(folder));
  const wanted = [...manifests.keys()];
  return {
    missing: wanted.filter((path) => !present.has(path)).sort(),
    changed: wanted
      .filter((path) => present.has(path) && read(folder, path) !== manifests.get(path))
      .sort(),
    extra: [...present].filter((path) => !manifests.has(path)).sort(),
  };
}

/**
 * Makes a folder hold exactly these manifests. Files that are right already are not touched.
 *
 * @throws {Error} naming the manifests there that synth never wrote; nothing is changed then
 */
export function writeManifests(folder: string, manifests: Manifests): ManifestDifferences {
  const differences = compareManifests(folder, manifests);
  const foreign = [...differences.extra, ...differences.changed].filter(
    (path) => !read(folder, path).startsWith(header),
  );
  if (foreign.length > 0)
    throw new Error(
      `${folder} holds manifests that synth did not write: ${foreign.join(", ")}. ` +
        "Move them elsewhere: Argo CD would apply them",
    );
  for (const path of [...differences.missing, ...differences.changed]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), manifests.get(path)!);
  }
  for (const path of differences.extra) {
    rmSync(join(folder, path));
    removeEmptyFolders(folder, dirname(path));
  }
  return differences;
}

function read(folder: string, path: string): string {
  return readFileSync(join(folder, path), "utf8");
}

function manifestFiles(folder: string): string[] {
  let entries;
  try {
    entries = readdirSync(folder, { recursive: true, encoding: "utf8" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return entries.filter((path) => manifestFile.test(path)).map((path) => path.replaceAll(sep, "/"));
}

function removeEmptyFolders(root: string, path: string): void {
  for (let folder = path; folder !== "."; folder = dirname(folder)) {
    if (readdirSync(join(root, folder)).length > 0) return;
    rmdirSync(join(root, folder));
  }
}
