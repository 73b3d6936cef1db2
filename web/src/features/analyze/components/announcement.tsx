import { texts } from "../../../lib/texts";
import type { AnalysisState } from "../api/analysis-state";

interface AnnouncementProps {
  readonly state: AnalysisState;
}

function words(state: AnalysisState): string {
  switch (state.phase) {
    case "idle":
      return "";
    case "analyzing":
      return texts.result.loading;
    case "waiting":
      return state.resume.on === "time"
        ? `${texts.failure.refused}. ${texts.failure.retryIn(state.resume.delayMs)}`
        : `${texts.failure.offline}. ${texts.failure.offlineBody}`;
    case "answered": {
      const { label, confidence, unsure } = state.analysis.answer;
      return texts.result.announce(label, confidence, unsure);
    }
    case "failed":
      return texts.failure[state.failure.kind];
  }
}

/** Tells screen readers what changed, once a change; a countdown does not repeat itself. */
export function Announcement({ state }: AnnouncementProps) {
  return (
    <p role="status" className="visually-hidden">
      {words(state)}
    </p>
  );
}
