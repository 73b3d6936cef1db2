/** Below the limit of a test, so that what never comes fails here, by name, and not by a loop that never ends. */
const limitMs = 4_000;

/**
 * Waits for what follows from something that was done, a turn of the event loop at a time.
 *
 * @throws if it does not come
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  withinMs = limitMs,
): Promise<void> {
  const startedAt = performance.now();
  while (!(await condition())) {
    if (performance.now() - startedAt > withinMs)
      throw new Error(`did not come within ${withinMs} ms: ${condition.toString()}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
