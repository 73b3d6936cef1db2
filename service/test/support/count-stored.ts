import mongoose from "mongoose";
import { connectionOptions } from "../../src/adapters/mongo-history-store";
import { historyCollection } from "../../src/adapters/mongo-migrations";

/** How the answers that clients got compare with what is stored. */
export interface StoredCount {
  /** Answered, and not in the history. */
  readonly lost: string[];
  /** In the history more than once. */
  readonly doubled: string[];
  /** In the history, though nobody got them. */
  readonly unanswered: string[];
}

/** @param field where a document has the answer's id */
export async function countInMongo(
  uri: string,
  answered: Iterable<string>,
  field = "_id",
): Promise<StoredCount> {
  const connection = await mongoose.createConnection(uri, connectionOptions(uri)).asPromise();
  try {
    const documents = await connection.db!.collection(historyCollection).find().toArray();
    return countStored(
      answered,
      documents.map((document) => String(document[field])),
    );
  } finally {
    await connection.close();
  }
}

/** Compares ids that were answered with ids that are stored. */
export function countStored(answered: Iterable<string>, stored: readonly string[]): StoredCount {
  const times = new Map<string, number>();
  for (const id of stored) times.set(id, (times.get(id) ?? 0) + 1);
  const wanted = new Set(answered);
  return {
    lost: [...wanted].filter((id) => !times.has(id)),
    doubled: [...times].filter(([, count]) => count > 1).map(([id]) => id),
    unanswered: [...times.keys()].filter((id) => !wanted.has(id)),
  };
}
