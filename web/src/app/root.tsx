import { useState } from "react";
import { QueryClientProvider } from "@tanstack/react-query";
import { DependenciesProvider } from "../lib/dependencies";
import { App } from "./app";
import { ErrorBoundary } from "./error-boundary";
import { createQueryClient } from "./query-client";
import type { Dependencies } from "../lib/dependencies";

interface RootProps {
  readonly dependencies: Dependencies;
}

/** The page with everything that it takes from its surroundings. */
export function Root({ dependencies }: RootProps) {
  const [queryClient] = useState(createQueryClient);
  return (
    <ErrorBoundary>
      <DependenciesProvider value={dependencies}>
        <QueryClientProvider client={queryClient}>
          <App />
        </QueryClientProvider>
      </DependenciesProvider>
    </ErrorBoundary>
  );
}
