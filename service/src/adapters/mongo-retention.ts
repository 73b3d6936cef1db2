import type { mongo } from "mongoose";
import { historyCollection } from "./mongo-migrations";

/** Name of the index that lets entries expire. */
export const retentionIndex = "createdAt_expires";

const secondsPerDay = 24 * 60 * 60;

/** What has to be done so that entries expire as the setting says. */
export type RetentionChange =
  | { readonly kind: "none" }
  | { readonly kind: "create" | "modify"; readonly expireAfterSeconds: number }
  | { readonly kind: "drop" };

/** Compares the TTL index with the setting. @param retentionDays `undefined` keeps entries for ever */
export async function retentionChange(
  db: mongo.Db,
  retentionDays: number | undefined,
): Promise<RetentionChange> {
  const index = (await indexesOf(db)).find(({ name }) => name === retentionIndex);
  if (retentionDays === undefined) return { kind: index === undefined ? "none" : "drop" };
  const expireAfterSeconds = retentionDays * secondsPerDay;
  if (index === undefined) return { kind: "create", expireAfterSeconds };
  if (index.expireAfterSeconds === expireAfterSeconds) return { kind: "none" };
  return { kind: "modify", expireAfterSeconds };
}

/**
 * Makes, changes or drops the TTL index. Doing it a second time, or twice at once, changes nothing.
 *
 * @throws if the server refuses: not every server of MongoDB's protocol has TTL indexes
 */
export async function applyRetention(
  db: mongo.Db,
  retentionDays: number | undefined,
): Promise<RetentionChange> {
  const change = await retentionChange(db, retentionDays);
  const history = db.collection(historyCollection);
  switch (change.kind) {
    case "create":
      await history.createIndex(
        { createdAt: 1 },
        { name: retentionIndex, expireAfterSeconds: change.expireAfterSeconds },
      );
      break;
    case "modify":
      await db.command({
        collMod: historyCollection,
        index: { name: retentionIndex, expireAfterSeconds: change.expireAfterSeconds },
      });
      break;
    case "drop":
      await history.dropIndex(retentionIndex).catch((error: mongo.MongoServerError) => {
        if (error.codeName !== "IndexNotFound") throw error;
      });
      break;
    case "none":
  }
  return change;
}

async function indexesOf(db: mongo.Db): Promise<{ name: string; expireAfterSeconds?: number }[]> {
  try {
    return await db.collection(historyCollection).listIndexes().toArray();
  } catch (error) {
    if ((error as mongo.MongoServerError).codeName === "NamespaceNotFound") return [];
    throw error;
  }
}
