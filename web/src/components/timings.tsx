import { formatDuration } from "../lib/format";
import { texts } from "../lib/texts";
import styles from "./timings.module.css";
import type { CSSProperties } from "react";
import type { AnalyzeResponse } from "@berth/contract";

interface TimingsProps {
  readonly timingsMs: AnalyzeResponse["timingsMs"];
}

const steps = ["clean", "tokenize", "queue", "infer"] as const;

/** How long each step took, as one divided bar and as figures. */
export function Timings({ timingsMs }: TimingsProps) {
  return (
    <div>
      <div className={styles.bar} aria-hidden="true">
        {steps.map((step) => (
          <span
            key={step}
            data-step={step}
            style={{ "--part": timingsMs[step] } as CSSProperties}
          />
        ))}
      </div>
      <dl className={styles.figures}>
        {([...steps, "total"] as const).map((step) => (
          <div key={step} data-step={step}>
            <dt>{texts.result.steps[step]}</dt>
            <dd>{formatDuration(timingsMs[step])}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
