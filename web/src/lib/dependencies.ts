import { createContext, useContext } from "react";
import type { ApiClient } from "./api-client";
import type { Draft } from "./draft";

/** What the page takes from its surroundings. `main` builds the real ones, tests their own. */
export interface Dependencies {
  readonly client: ApiClient;
  readonly draft: Draft;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

const context = createContext<Dependencies | null>(null);

/** Gives the page its surroundings. */
export const DependenciesProvider = context.Provider;

/** @throws {Error} outside of a {@link DependenciesProvider} */
export function useDependencies(): Dependencies {
  const dependencies = useContext(context);
  if (dependencies === null)
    throw new Error("useDependencies needs a DependenciesProvider above it");
  return dependencies;
}
