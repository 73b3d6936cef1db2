import type { HistoryEntry } from "@berth/contract";
import mongoose from "mongoose";

const { Binary } = mongoose.mongo;

/** A history entry as it lies in MongoDB. */
export interface MongoDocument extends Omit<HistoryEntry, "id" | "createdAt"> {
  readonly _id: string;
  /** A date, since MongoDB lets nothing else expire. What was written before migration 2 is a string. */
  readonly createdAt: Date | string;
  /** The text in UTF-16, where UTF-8, and so a BSON string, cannot hold it: it has a surrogate without its other half. */
  readonly textUtf16?: InstanceType<typeof Binary>;
}

/** As it is stored. `text` can always be read and searched; where it is not exact, `textUtf16` is. */
export function toDocument({ id, text, createdAt, ...rest }: HistoryEntry): MongoDocument {
  return {
    _id: id,
    text: text.toWellFormed(),
    ...(text.isWellFormed() ? {} : { textUtf16: new Binary(Buffer.from(text, "utf16le")) }),
    createdAt: new Date(createdAt),
    ...rest,
  };
}

/** As it was sent and answered. */
export function toEntry({ _id, text, textUtf16, createdAt, ...rest }: MongoDocument): HistoryEntry {
  return {
    id: _id,
    text: textUtf16 === undefined ? text : Buffer.from(textUtf16.buffer).toString("utf16le"),
    createdAt: typeof createdAt === "string" ? createdAt : createdAt.toISOString(),
    ...rest,
  };
}
