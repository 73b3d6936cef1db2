import { useQuery } from "@tanstack/react-query";
import { useDependencies } from "../../../lib/dependencies";
import { useRetryInterval } from "../../../lib/use-retry-interval";

/** What is served. */
export function useModel() {
  const { client } = useDependencies();
  const refetchInterval = useRetryInterval();
  return useQuery({
    queryKey: ["model"],
    queryFn: ({ signal }) => client.call("model", { signal }),
    refetchInterval,
  });
}
