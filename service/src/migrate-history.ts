import { parseArgs } from "node:util";
import { SettingsError, parseSettings } from "@berth/contract";
import mongoose from "mongoose";
import { connectionOptions } from "./adapters/mongo-history-store";
import { migrate } from "./adapters/mongo-migrations";
import { applyRetention, retentionChange } from "./adapters/mongo-retention";

// Brings the history in MongoDB to this version's schema and sets its retention, then ends: run before this version serves.

const usage = `usage: migrate-history [--dry-run]

Reads MONGODB_URI and HISTORY_RETENTION_DAYS as the service does; see README, Settings. Run it before a new version
serves. Safe to kill at any point, to run again, and to run twice at once. Without MONGODB_URI there is nothing to do: the
embedded history is brought up to date when the service opens it.

  --dry-run   says what would be done, and does nothing

Ends with 0 when all is done, with 1 and the reason if MongoDB fails (run it again), with 2 on wrong usage or settings.`;

/** What was asked for is wrong; trying again is of no use. */
class UsageError extends Error {}

async function main(): Promise<void> {
  const { help, "dry-run": dryRun } = parseCommandLine();
  if (help) {
    console.log(usage);
    return;
  }
  const { MONGODB_URI: uri, HISTORY_RETENTION_DAYS: retentionDays } = parseSettings(process.env);
  if (uri === undefined) {
    console.log("MONGODB_URI is not set: the embedded history migrates itself when it is opened");
    return;
  }
  // The driver's own limits: it looks for a server for 30 s, since a Job may start before it; an index takes what it takes.
  const connection = await mongoose.createConnection(uri, connectionOptions(uri)).asPromise();
  try {
    const db = connection.db!;
    await migrate(db, { dryRun, onProgress: (message) => console.log(message) });
    const change = dryRun
      ? await retentionChange(db, retentionDays)
      : await applyRetention(db, retentionDays);
    const kept = retentionDays === undefined ? "for ever" : `${retentionDays} days`;
    const what = { none: "as before", create: "new", modify: "changed", drop: "no longer limited" };
    console.log(
      `retention: ${dryRun && change.kind !== "none" ? "would be " : ""}${kept}, ${what[change.kind]}`,
    );
  } finally {
    await connection.close();
  }
}

function parseCommandLine() {
  try {
    return parseArgs({
      options: {
        help: { type: "boolean", short: "h", default: false },
        "dry-run": { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${usage}`);
  }
}

main().catch((error: Error) => {
  console.error(`migrate-history: ${error.message}`);
  process.exitCode = error instanceof UsageError || error instanceof SettingsError ? 2 : 1;
});
