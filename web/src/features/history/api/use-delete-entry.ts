import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useDependencies } from "../../../lib/dependencies";
import { failureOf } from "../../../lib/api-failure";
import { historyKey } from "./use-history";
import type { CachedHistory } from "./use-history";

/** The history without one entry. */
export function withoutEntry(history: CachedHistory, id: string): CachedHistory {
  const pages = history.pages.map((page) => ({
    ...page,
    entries: page.entries.filter((entry) => entry.id !== id),
  }));
  return { ...history, pages };
}

/** Deletes entries. @param onDeleted told of every entry that is gone */
export function useDeleteEntry(onDeleted: (id: string) => void) {
  const { client } = useDependencies();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (id: string) => {
      try {
        await client.call("deleteHistoryEntry", { params: { id } });
      } catch (thrown) {
        const failure = failureOf(thrown);
        // Gone already is what was wanted.
        const gone = failure.kind === "rejected" && failure.code === "history_entry_not_found";
        if (!gone) throw thrown;
      }
    },
    onSuccess: (_, id) => {
      cache.setQueriesData<CachedHistory>(
        { queryKey: historyKey },
        (history) => history && withoutEntry(history, id),
      );
      onDeleted(id);
    },
  });
}
