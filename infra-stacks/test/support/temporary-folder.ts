import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Gives a new folder to `use`, and removes it whatever happens. */
export function withTemporaryFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "berth-infra-"));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
