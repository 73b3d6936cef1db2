import { useInfiniteQuery } from "@tanstack/react-query";
import { useDependencies } from "../../../lib/dependencies";
import { useRetryInterval } from "../../../lib/use-retry-interval";
import type { HistoryPage, Label } from "@berth/contract";
import type { InfiniteData } from "@tanstack/react-query";

/** What the cache holds of the history. */
export type CachedHistory = InfiniteData<HistoryPage, string | undefined>;

/** First part of every key of the history. */
export const historyKey = ["history"] as const;

/** The history, newest first, page after page. @param label only entries with this label; null for all */
export function useHistory(label: Label | null) {
  const { client } = useDependencies();
  const refetchInterval = useRetryInterval();
  return useInfiniteQuery({
    queryKey: [...historyKey, label],
    queryFn: ({ pageParam, signal }) =>
      client.call("listHistory", {
        query: { cursor: pageParam, label: label ?? undefined },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    refetchInterval,
  });
}
