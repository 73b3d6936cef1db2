import { useQuery } from "@tanstack/react-query";
import { useDependencies } from "../../../lib/dependencies";

/** How often a service that is still starting is asked again. */
const retryEveryMs = 5_000;

/** What is served. */
export function useModel() {
  const { client } = useDependencies();
  return useQuery({
    queryKey: ["model"],
    queryFn: ({ signal }) => client.call("model", { signal }),
    refetchInterval: ({ state }) => (state.status === "error" ? retryEveryMs : false),
  });
}
