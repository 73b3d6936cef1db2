import { useId } from "react";
import { formatShare } from "../lib/format";
import { labelColor } from "../lib/label-color";
import { ShareBar } from "./ui/share-bar";
import styles from "./scores.module.css";
import type { AnalyzeResponse } from "@berth/contract";

interface ScoresProps {
  readonly scores: AnalyzeResponse["scores"];
}

/** Every label's score as a bar, highest first. */
export function Scores({ scores }: ScoresProps) {
  const id = useId();
  return (
    <ol className={styles.scores}>
      {scores.map(({ label, score }, i) => (
        <li key={label} data-label-color={labelColor(label)}>
          <span id={`${id}-${i}`} className={styles.name}>
            {label}
          </span>
          <ShareBar share={score} valueText={formatShare(score)} labelledBy={`${id}-${i}`} />
          <span className={styles.value} aria-hidden="true">
            {formatShare(score)}
          </span>
        </li>
      ))}
    </ol>
  );
}
