import type { HistoryEntry, Settings } from "@berth/contract";
import type { Logger } from "pino";
import type { HistoryRecorder } from "../history/history-recorder";
import type { ServiceMetrics } from "../http/service-metrics";
import type { Clock } from "../ports/clock";
import type { RequestTrace } from "../ports/tracer";

/** Longest text that is logged, in UTF-16 code units. */
const maxLoggedCharacters = 500;

export interface RecordAnswerOptions {
  readonly recorder: HistoryRecorder;
  readonly clock: Clock;
  readonly metrics: ServiceMetrics;
  readonly logger: Logger;
  readonly settings: Pick<Settings, "LOG_TEXTS">;
}

/** What is done with every answer behind its back: it goes into the history, with the time that takes. */
export function recordAnswer({ recorder, clock, metrics, logger, settings }: RecordAnswerOptions) {
  return (entry: HistoryEntry, trace?: RequestTrace): void => {
    const from = clock.now();
    recorder.record(entry, (outcome) => {
      const to = clock.now();
      if (outcome === "stored")
        metrics.observe("predictionStage", (to - from) / 1000, { stage: "history_save" });
      trace?.stage({
        name: "history_save",
        from,
        to,
        error: outcome === "stored" ? undefined : outcome,
      });
    });
    if (settings.LOG_TEXTS)
      logger.info(
        { entry: entry.id, label: entry.label, text: entry.text.slice(0, maxLoggedCharacters) },
        "text",
      );
  };
}
