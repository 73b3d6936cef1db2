/** Weight of the newest batch in the moving averages. */
const newest = 0.1;

/** How fast inference goes on this machine just now: moving averages over the batches that ran. */
export class InferencePace {
  private msPerToken: number | undefined;
  private msPerText = 10;

  /**
   * Takes a batch into the averages.
   *
   * @param ms that it ran
   * @param batch its texts, and its tokens with padding
   */
  ran(ms: number, batch: { readonly texts: number; readonly tokens: number }): void {
    const perToken = ms / batch.tokens;
    this.msPerToken =
      this.msPerToken === undefined ? perToken : (1 - newest) * this.msPerToken + newest * perToken;
    this.msPerText = (1 - newest) * this.msPerText + newest * (ms / batch.texts);
  }

  /** How long one process needs for so many tokens, in ms; `undefined` before anything ran. */
  inferMs(tokens: number): number | undefined {
    return this.msPerToken === undefined ? undefined : tokens * this.msPerToken;
  }

  /** How long so many processes need for so many texts of usual length, in ms. */
  drainMs(texts: number, processes: number): number {
    return (texts * this.msPerText) / Math.max(1, processes);
  }
}
