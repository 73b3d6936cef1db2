import { Server as NetServer } from "node:net";
import type { Server, ServerResponse } from "node:http";
import type { Clock } from "../ports/clock";

/** How long the steps of {@link ServerDrain.run} may take, in milliseconds. */
export interface DrainLimits {
  /** For requests that still come over connections which clients keep alive. */
  readonly lingerMs: number;
  /** Lingering ends earlier, once no request came for so long. */
  readonly quietMs: number;
  /** For the answers to all that has come by then. */
  readonly answerMs: number;
}

/**
 * Ends a server without breaking a request.
 *
 * A proxy holds connections to the service and sends the next request over one of them at any moment. Were they closed
 * at once, a request that is on its way would be reset, and a proxy does not send a POST twice (a refused connection it
 * does try elsewhere). So nothing new is accepted, but what comes over the connections that exist is answered, with
 * `Connection: close`, until no more comes.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_next_upstream for what is sent twice
 */
export class ServerDrain {
  private connections = 0;
  private inFlight = 0;
  private lastActiveAt = -Infinity;
  /** Connections and requests that came, ever. */
  private arrivals = 0;
  private onChange: () => void = () => {};

  constructor(
    private readonly server: Server,
    private readonly clock: Clock,
  ) {
    server.on("connection", (socket) => {
      this.connections++;
      this.arrivals++;
      socket.once("close", () => {
        this.connections--;
        this.onChange();
      });
    });
  }

  /** A request is being answered from now on. */
  took(response: ServerResponse): void {
    this.inFlight++;
    this.arrivals++;
    response.once("close", () => {
      this.inFlight--;
      this.lastActiveAt = this.clock.now();
      this.onChange();
    });
  }

  /** @returns whether everything that had come was answered; what was not is cut off */
  async run({ lingerMs, quietMs, answerMs }: DrainLimits): Promise<boolean> {
    await this.quietTurn();
    // The method of http.Server closes kept-alive connections too, and stops looking for slow headers.
    NetServer.prototype.close.call(this.server);
    const startedAt = this.clock.now();
    this.lastActiveAt = startedAt;
    await this.until(lingerMs, () => {
      if (this.connections === 0) return "now";
      return this.inFlight > 0 ? "later" : this.lastActiveAt + quietMs;
    });
    await this.quietTurn();
    this.server.closeIdleConnections();
    const answered = await this.until(startedAt + lingerMs + answerMs - this.clock.now(), () =>
      this.inFlight === 0 ? "now" : "later",
    );
    // Those left carry no whole request.
    this.server.closeAllConnections();
    return answered;
  }

  /** Waits until a condition holds, `due` at a time if nothing changes before. @returns false if `limitMs` was over first */
  private until(limitMs: number, due: () => "now" | "later" | number): Promise<boolean> {
    const { clock } = this;
    const end = clock.now() + limitMs;
    return new Promise((resolve) => {
      let cancel = () => {};
      const look = () => {
        cancel();
        const next = due();
        const now = clock.now();
        if (next === "now" || (next !== "later" && next <= now)) finish(true);
        else if (now >= end) finish(false);
        else
          cancel = clock.schedule(next === "later" ? end - now : Math.min(end, next) - now, look);
      };
      const finish = (held: boolean) => {
        this.onChange = () => {};
        resolve(held);
      };
      this.onChange = look;
      look();
    });
  }

  /**
   * Waits for a turn of the event loop in which nobody connected and nothing was asked: all that clients had sent by then
   * was taken up. What is closed right after is closed within microseconds, not with requests unread in the kernel.
   *
   * Node takes up one connection a turn: those that wait for a busy service are reset when it stops listening.
   */
  private async quietTurn(): Promise<void> {
    const startedAt = this.clock.now();
    await nextTurn();
    for (let turnAt = startedAt; turnAt - startedAt < busyMs; turnAt = this.clock.now()) {
      const { arrivals } = this;
      await nextTurn();
      if (this.arrivals === arrivals && this.clock.now() - turnAt < quietTurnMs) return;
    }
  }
}

/** Longest turn of the event loop that counts as one in which nothing was to do. */
const quietTurnMs = 0.5;

/** Under load without a break no turn is quiet; that is waited for no longer. */
const busyMs = 500;

/** The end of a turn, right after input was polled for. */
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));
