/** A bounded number of places, for which callers wait first come first served. */
export class Places {
  private free: number;
  private readonly waiting: (() => void)[] = [];

  /** @param limit places, at least 1 */
  constructor(limit: number) {
    this.free = limit;
  }

  /**
   * Waits for a place.
   *
   * @returns gives the place back; called twice, it does so once
   * @throws the signal's reason
   */
  async take(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.free > 0) this.free--;
    else await this.turn(signal);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = this.waiting.shift();
      // The place goes over to who waits for longest; it was never free.
      if (next === undefined) this.free++;
      else next();
    };
  }

  private turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = () => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        this.waiting.splice(this.waiting.indexOf(go), 1);
        reject(signal!.reason as Error);
      };
      this.waiting.push(go);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }
}
