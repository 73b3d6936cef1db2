import { texts } from "../../../lib/texts";
import { AnswerFacts } from "../../../components/answer-facts";
import { Scores } from "../../../components/scores";
import { Timings } from "../../../components/timings";
import styles from "./history-details.module.css";
import type { HistoryEntry } from "@berth/contract";

interface HistoryDetailsProps {
  readonly entry: HistoryEntry;
}

/** Everything that is kept of one answer. */
export function HistoryDetails({ entry }: HistoryDetailsProps) {
  return (
    <div className={styles.details}>
      <div className={styles.said}>
        <p className={styles.text}>{entry.text}</p>
        <p className={styles.time}>{texts.history.at(entry.createdAt)}</p>
      </div>
      <div className={styles.figures}>
        <Scores scores={entry.scores} />
        <Timings timingsMs={entry.timingsMs} />
        {entry.truncated && <p>{texts.result.truncated(entry.tokens.used, entry.tokens.total)}</p>}
        <AnswerFacts answer={entry} />
      </div>
    </div>
  );
}
