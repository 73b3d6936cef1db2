import { useNow } from "../../../lib/use-now";
import { texts } from "../../../lib/texts";
import styles from "./countdown.module.css";
import type { CSSProperties } from "react";

interface CountdownProps {
  /** When it is over, in milliseconds since the epoch. */
  readonly atMs: number;
  /** How long it takes in all. */
  readonly delayMs: number;
  /** Attempts so far. */
  readonly attempt: number;
}

/** How long until the next attempt, as words and as a bar that runs out. */
export function Countdown({ atMs, delayMs, attempt }: CountdownProps) {
  const leftMs = atMs - useNow(200);
  return (
    <div className={styles.countdown}>
      <p className={styles.words} role="timer">
        <span>{leftMs > 0 ? texts.failure.retryIn(leftMs) : texts.failure.retrySoon}</span>
        {attempt > 1 && <span className={styles.attempt}>{texts.failure.attempt(attempt)}</span>}
      </p>
      <div className={styles.track} aria-hidden="true">
        <div
          className={styles.left}
          style={{ "--left": Math.min(1, Math.max(0, leftMs / delayMs)) } as CSSProperties}
        />
      </div>
    </div>
  );
}
