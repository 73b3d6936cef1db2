import { QueryClient } from "@tanstack/react-query";

/** The cache of what was read. Failures are shown at once and asked for again by each query's own rhythm. */
export const createQueryClient = (): QueryClient =>
  new QueryClient({
    defaultOptions: {
      queries: {
        retry: false,
        staleTime: 30_000,
        // The client itself tells offline from everything else.
        networkMode: "always",
      },
      mutations: { networkMode: "always" },
    },
  });
