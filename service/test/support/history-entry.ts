import type { HistoryEntry, Label } from "@berth/contract";
import { labels, servedModel } from "@berth/contract";
import { v7 as uuidv7 } from "uuid";

/** An entry as the analyzer makes them; a later call makes a later id. */
export function historyEntry(text = "a text", label: Label = labels[0]): HistoryEntry {
  return {
    id: uuidv7(),
    text,
    createdAt: new Date().toISOString(),
    label,
    confidence: 0.7,
    unsure: false,
    scores: labels.map((name) => ({ label: name, score: name === label ? 0.7 : 0.1 })),
    model: { name: servedModel.name, version: servedModel.version },
    tokens: { total: 5, used: 5 },
    truncated: false,
    timingsMs: { clean: 0.1, tokenize: 0.2, queue: 0, infer: 3, total: 4 },
  };
}
