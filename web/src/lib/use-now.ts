import { useEffect, useState } from "react";

/**
 * The current time, refreshed.
 *
 * @param everyMs how often
 * @returns milliseconds since the epoch
 */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
