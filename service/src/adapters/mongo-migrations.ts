import type { mongo } from "mongoose";

type Db = mongo.Db;

/** Where the entries lie, and where it is written down what was done to them. */
export const historyCollection = "history";
const migrationsCollection = "migrations";

/**
 * One change of how the history lies in MongoDB. It may be killed at any point and begun again, and it may run twice at
 * once: each step of its work changes nothing when it is done a second time.
 */
interface Migration {
  readonly version: number;
  readonly name: string;
  /** The oldest version of the schema whose programs may go on using what this migration leaves. */
  readonly usableFrom: number;
  /** What it would do, for a dry run. */
  readonly plan: (db: Db) => Promise<string>;
  readonly run: (db: Db, onProgress: (message: string) => void) => Promise<void>;
}

interface MigrationRecord {
  readonly _id: number;
  readonly name: string;
  readonly usableFrom: number;
  readonly finishedAt: Date;
}

/** MongoDB's code of a write whose _id is there already. */
export const duplicateKey = 11_000;

/** Serves the history's queries: newest of one label first; without a label, _id alone sorts. */
export const labelIndex = { label: 1, _id: -1 } as const;

/** Documents looked at in one piece of work, and how many pieces pass between two lines of progress. */
const pieceDocuments = 100;
const piecesPerLine = 50;

/**
 * Updates in one command. FerretDB 1.24 on SQLite takes a connection for each until the command ends, and waits for ever
 * beyond 100; MongoDB would take more, but gains little.
 */
const updatesAtOnce = 25;

/** Every migration, in order. The last one's version is that of the schema this program knows. */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    name: "index by label",
    usableFrom: 1,
    plan: async () => "make the index { label: 1, _id: -1 }",
    run: async (db) => {
      await db.collection(historyCollection).createIndex(labelIndex);
    },
  },
  {
    version: 2,
    name: "createdAt as a date",
    // Programs of version 1 read a date as the same string, and write strings, which expire only once this ran again.
    usableFrom: 1,
    plan: async (db) =>
      `turn createdAt of ${await withStringDate(db).count()} documents from a string into a date`,
    run: datesFromStrings,
  },
];

/** Version of the schema that this program knows. */
export const schemaVersion = migrations.at(-1)!.version;

/** How the history in MongoDB fits this program. */
export type SchemaState =
  | { readonly kind: "current" }
  /** Nothing was ever kept there. */
  | { readonly kind: "empty" }
  | { readonly kind: "older"; readonly missing: readonly Migration[] }
  /** A newer program changed it so that this one must not touch it. */
  | { readonly kind: "newer"; readonly version: number };

/** Compares what is written down in MongoDB with what this program knows. */
export async function schemaState(db: Db): Promise<SchemaState> {
  const done = await db.collection<MigrationRecord>(migrationsCollection).find().toArray();
  const newest = Math.max(0, ...done.map((record) => record._id));
  if (done.some(({ _id, usableFrom }) => _id > schemaVersion && usableFrom > schemaVersion))
    return { kind: "newer", version: newest };
  const missing = migrations.filter(({ version }) => !done.some(({ _id }) => _id === version));
  if (missing.length === 0) return { kind: "current" };
  if (done.length === 0 && (await db.collection(historyCollection).findOne()) === null)
    return { kind: "empty" };
  return { kind: "older", missing };
}

export interface MigrateOptions {
  /** Says what would be done, and does nothing. */
  readonly dryRun?: boolean;
  readonly onProgress?: (message: string) => void;
}

/** Runs the migrations that were not finished yet. Safe to kill at any point, to run again, and to run twice at once. */
export async function migrate(db: Db, options: MigrateOptions = {}): Promise<void> {
  const { dryRun = false, onProgress = () => {} } = options;
  const state = await schemaState(db);
  if (state.kind === "newer") throw new Error(newerRemedy(state.version));
  const missing = state.kind === "empty" ? migrations : state.kind === "older" ? state.missing : [];
  for (const migration of missing) {
    const title = `migration ${migration.version}, ${migration.name}`;
    if (dryRun) {
      onProgress(`${title}: would ${await migration.plan(db)}`);
      continue;
    }
    onProgress(`${title}: begins`);
    await migration.run(db, (message) => onProgress(`${title}: ${message}`));
    await record(db, migration);
    onProgress(`${title}: done`);
  }
  if (missing.length > 0) return;
  // Programs of an older version may have written after it ran.
  const late = await withStringDate(db).count();
  if (late === 0) onProgress(`the schema is version ${schemaVersion}: no migration to run`);
  else if (dryRun) onProgress(`would turn createdAt of ${late} late documents into a date`);
  else await datesFromStrings(db, onProgress);
}

/** What helps where a newer program's schema is found. */
export function newerRemedy(version: number): string {
  return `the history's schema is version ${version} and this program knows ${schemaVersion}: run the newer version of Berth`;
}

/** What helps where the schema is older than this program's. */
export function olderRemedy(missing: readonly Migration[]): string {
  const names = missing.map(({ version, name }) => `${version} (${name})`).join(", ");
  return `the history lacks the migrations ${names}: run migrate-history`;
}

async function record(db: Db, { version, name, usableFrom }: Migration): Promise<void> {
  const records = db.collection<MigrationRecord>(migrationsCollection);
  try {
    await records.updateOne(
      { _id: version },
      { $setOnInsert: { name, usableFrom, finishedAt: new Date() } },
      { upsert: true },
    );
  } catch (error) {
    // Another run wrote it down in the same moment.
    if ((error as mongo.MongoServerError).code !== duplicateKey) throw error;
  }
}

interface StringDated {
  readonly _id: string;
  readonly createdAt: string;
}

function withStringDate(db: Db, after = "") {
  const history = db.collection<StringDated>(historyCollection);
  const filter = { _id: { $gt: after }, createdAt: { $type: "string" as const } };
  return {
    count: () => history.countDocuments(filter),
    piece: () =>
      history
        .find(filter, { projection: { createdAt: 1 } })
        .sort({ _id: 1 })
        .limit(pieceDocuments)
        .toArray(),
  };
}

async function datesFromStrings(db: Db, onProgress: (message: string) => void): Promise<void> {
  const history = db.collection(historyCollection);
  const total = await withStringDate(db).count();
  let [seen, left, pieces] = [0, 0, 0];
  for (let after = ""; ;) {
    const piece = await withStringDate(db, after).piece();
    if (piece.length === 0) break;
    const readable = piece.filter(({ createdAt }) => !Number.isNaN(Date.parse(createdAt)));
    for (let from = 0; from < readable.length; from += updatesAtOnce)
      await history.bulkWrite(
        readable.slice(from, from + updatesAtOnce).map(({ _id, createdAt }) => ({
          // An entry never changes once it is answered, so its date is right whoever writes meanwhile.
          updateOne: {
            filter: { _id: _id as never },
            update: { $set: { createdAt: new Date(createdAt) } },
          },
        })),
        { ordered: false },
      );
    after = piece.at(-1)!._id;
    seen += piece.length;
    left += piece.length - readable.length;
    if (++pieces % piecesPerLine === 0) onProgress(`${seen} of ${total} documents`);
  }
  if (left > 0)
    onProgress(
      `${left} documents whose createdAt is no date were left as they are: they never expire`,
    );
}
