import { once, setMaxListeners } from "node:events";
import { latencyBudget, streamWindowTexts } from "@berth/contract";
import type { StreamResponseLine } from "@berth/contract";
import type { Request, Response } from "express";
import { pMapIterable } from "p-map";
import type { Place } from "../analysis/analyzer";
import { ServiceError } from "../domain/service-error";
import { answerText, refuseText } from "./answer-text";
import type { HandlerDependencies } from "./handlers";
import { toServiceError } from "./send-error";
import { settledBy } from "./settled-by";
import { readStreamLines } from "./stream-lines";
import type { StreamLine } from "./stream-lines";

export interface TextStreamOptions extends Pick<
  HandlerDependencies,
  "analyzer" | "metrics" | "rate" | "clock" | "stopping"
> {
  readonly request: Request;
  readonly response: Response;
  /** The stream is ended when its client sends no line, or takes no answer, for this long. */
  readonly idleMs: number;
}

/** A line that is in work. */
type Taken = StreamLine & { readonly place?: Place; readonly arrivedAt: number };

/** An answer to one line, as it is sent. */
interface Answered {
  readonly number: number;
  readonly json: string;
}

/** How long the client has, once the last line was sent, to read it and to stop sending. */
const partingMs = 1_000;

/**
 * When the service stops, lines in work are answered for this long; what is left of the request deadline, which is how
 * long the shutdown waits, is for the last line.
 */
const stoppingMs = latencyBudget.requestDeadlineMs - partingMs - 500;

/**
 * One stream: lines in, answers out, in the order of the lines.
 *
 * A line is taken only when there is room in the window, the client's rate allows it, and the bulk lane has a place. So
 * a client that does not read, or a service that is busy, stops the reading, and nothing piles up.
 */
export class TextStream {
  /** Aborts when no more lines are to be taken, for the reason that ends the stream. */
  private readonly halt = new AbortController();
  /** Aborts when the answers to lines in work are not waited for any more. */
  private readonly drop = new AbortController();
  /** Number of the last line that was answered. */
  private answered = 0;
  private cancelIdle = () => {};
  private cancelStopping = () => {};

  constructor(private readonly options: TextStreamOptions) {}

  /** @throws {ServiceError} `request_timeout` when the client left */
  async run(): Promise<void> {
    const { response, stopping } = this.options;
    // One for each line in work.
    setMaxListeners(0, this.halt.signal, this.drop.signal);
    response.once("close", () => this.abandon(new ServiceError("request_timeout")));
    stopping.addEventListener("abort", this.stop);
    this.watchReader();
    response.status(200).set("Content-Type", "application/x-ndjson");
    // For nginx, which would gather the answers.
    response.set("X-Accel-Buffering", "no").flushHeaders();
    try {
      await this.answerAll();
    } finally {
      stopping.removeEventListener("abort", this.stop);
      this.cancelIdle();
      this.cancelStopping();
    }
    if (this.halt.signal.aborted) await this.part(this.halt.signal.reason as ServiceError);
    response.end();
  }

  private async answerAll(): Promise<void> {
    const { response } = this.options;
    const { signal } = this.drop;
    const window = { concurrency: streamWindowTexts, backpressure: streamWindowTexts };
    try {
      for await (const { number, json } of pMapIterable(this.take(), this.answer, window)) {
        signal.throwIfAborted();
        if (!response.write(json)) await once(response, "drain", { signal });
        this.answered = number;
      }
    } catch (error) {
      if (!signal.aborted) {
        this.abandon(toServiceError(error));
        throw error;
      }
      if (response.destroyed) throw signal.reason;
    }
  }

  private async *take(): AsyncGenerator<Taken> {
    const { request, analyzer, rate, clock } = this.options;
    const { signal } = this.halt;
    const onWait = (waits: boolean) => this.watchSender(waits);
    // The first line's token is the request's own.
    let paid = true;
    try {
      for await (const line of readStreamLines(request, { signal, onWait })) {
        if (!paid) await rate.wait(request, signal);
        paid = false;
        if ("error" in line) yield { ...line, arrivedAt: clock.now() };
        else {
          const place = await analyzer.takePlace(signal);
          yield { ...line, place, arrivedAt: clock.now() };
        }
      }
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      this.halt.abort(error);
    }
  }

  private readonly answer = async (line: Taken): Promise<Answered> => {
    const { request, metrics } = this.options;
    const { signal } = this.drop;
    const result =
      "error" in line
        ? refuseText(metrics, request, line.error)
        : await answerText(
            metrics,
            request,
            settledBy(signal, this.analyze(line)),
            () => signal.aborted,
          );
    const { number, ref } = line;
    const answer: StreamResponseLine = {
      line: number,
      ...(ref !== undefined && { ref }),
      ...result,
    };
    return { number, json: `${JSON.stringify(answer)}\n` };
  };

  private analyze({ text, place, arrivedAt }: Taken & { readonly text: string }) {
    const { signal } = this.drop;
    const context = { arrivedAt, deadline: Infinity, signal, place: place! };
    return this.options.analyzer.analyze(text, context);
  }

  /** The service stops: lines in work are answered, no others are taken. */
  private readonly stop = () => {
    const error = new ServiceError("not_ready");
    this.halt.abort(error);
    this.cancelStopping = this.options.clock.schedule(stoppingMs, () => this.drop.abort(error));
  };

  /** Nobody is there any more. */
  private abandon(error: ServiceError): void {
    this.halt.abort(error);
    this.drop.abort(error);
  }

  /** Times how long the client takes to send a line, while one is waited for. */
  private watchSender(waits: boolean): void {
    this.cancelIdle();
    const { clock, idleMs } = this.options;
    if (waits)
      this.cancelIdle = clock.schedule(idleMs, () =>
        this.halt.abort(new ServiceError("request_timeout")),
      );
  }

  /** Times how long the client takes to read, byte by byte, which only the socket knows. */
  private watchReader(): void {
    const { response, idleMs } = this.options;
    response.setTimeout(idleMs, () => {
      if (response.writableNeedDrain) response.destroy();
      else response.setTimeout(idleMs);
    });
  }

  /** Says why the stream ends and where to go on, and lets the client stop sending before the connection is closed. */
  private async part(error: ServiceError): Promise<void> {
    const { request, response, metrics, clock } = this.options;
    response.locals.errorCode = error.code;
    const last: StreamResponseLine = {
      line: this.answered + 1,
      ...refuseText(metrics, request, error),
    };
    response.write(`${JSON.stringify(last)}\n`);
    if (request.readableEnded || request.destroyed) return;
    request.resume();
    await new Promise<void>((resolve) => {
      const cancel = clock.schedule(partingMs, resolve);
      for (const event of ["end", "close"] as const)
        request.once(event, () => {
          cancel();
          resolve();
        });
    });
  }
}
