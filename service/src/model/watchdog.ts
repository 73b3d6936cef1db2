import type { Clock } from "../ports/clock";

/** Aborts its signal when too little came in during a span of time. */
export class Watchdog {
  private readonly controller = new AbortController();
  private bytes = 0;
  private cancel = () => {};

  /** @param minBytes that must come in each `windowMs` */
  constructor(
    private readonly clock: Clock,
    private readonly windowMs: number,
    private readonly minBytes: number,
  ) {
    this.next();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  feed(bytes: number): void {
    this.bytes += bytes;
  }

  end(): void {
    this.cancel();
  }

  private next(): void {
    this.cancel = this.clock.schedule(this.windowMs, () => {
      if (this.bytes < this.minBytes) {
        const message = `given up, since only ${this.bytes} bytes came in ${this.windowMs} ms`;
        this.controller.abort(new Error(message));
        return;
      }
      this.bytes = 0;
      this.next();
    });
  }
}
