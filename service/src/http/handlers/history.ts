import { historyRead, maxPagesAtOnce } from "@berth/contract";
import type { Response } from "express";
import { ServiceError } from "../../domain/service-error";
import { Places } from "../../inference/places";
import type { HandlerDependencies, Handlers } from "../handlers";

/** How long a page waits for its turn; with the waits after it, within `historyRead.limitMs`. */
const turnMs = 100;

/** Past answers. */
export function historyHandlers({
  history,
  recorder,
  clock,
}: HandlerDependencies): Pick<Handlers, "listHistory" | "getHistoryEntry" | "deleteHistoryEntry"> {
  const places = new Places(maxPagesAtOnce);

  /** A page of the longest texts has megabytes: few are made, and kept for a client that reads slowly, at once. */
  const takeTurn = async (response: Response): Promise<void> => {
    const waiting = new AbortController();
    const cancel = clock.schedule(turnMs, () =>
      waiting.abort(new ServiceError("queue_full", { retryAfterMs: turnMs })),
    );
    const release = await places.take(waiting.signal).finally(cancel);
    if (response.closed) release();
    else response.once("close", release);
  };

  return {
    async listHistory({ query }, _request, response) {
      await takeTurn(response);
      await recorder.settle(historyRead.settleMs);
      response.json(await history.list(query));
    },

    async getHistoryEntry({ params }, _request, response) {
      await recorder.settle(historyRead.settleMs);
      const entry = await history.tryGet(params.id);
      if (entry === undefined) throw new ServiceError("history_entry_not_found");
      response.json(entry);
    },

    async deleteHistoryEntry({ params }, _request, response) {
      await recorder.settle(historyRead.settleMs);
      // An entry that is not stored yet would come back after the delete.
      if (recorder.has(params.id)) throw new ServiceError("history_unavailable");
      if (!(await history.delete(params.id))) throw new ServiceError("history_entry_not_found");
      response.status(204).end();
    },
  };
}
