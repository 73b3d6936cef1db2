import type { HistoryEntry, Label } from "@berth/contract";

/**
 * The entries to list: those of the service and those just answered here, which the service may not have recorded yet.
 * Each once, newest first (ids sort by time).
 *
 * @param label only entries with this label; null for all
 */
export function mergeEntries(
  recorded: readonly HistoryEntry[],
  recent: readonly HistoryEntry[],
  label: Label | null,
): HistoryEntry[] {
  const byId = new Map<string, HistoryEntry>();
  for (const entry of [...recent, ...recorded])
    if (label === null || entry.label === label) byId.set(entry.id, entry);
  return [...byId.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
}
