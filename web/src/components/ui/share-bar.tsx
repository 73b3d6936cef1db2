import styles from "./share-bar.module.css";
import type { CSSProperties } from "react";

interface ShareBarProps {
  /** From 0 to 1. */
  readonly share: number;
  /** The share in words. */
  readonly valueText: string;
  /** Id of the element that names the bar. */
  readonly labelledBy: string;
}

/** A share of 1 as a bar, in the colour of `--label-color`. */
export function ShareBar({ share, valueText, labelledBy }: ShareBarProps) {
  return (
    <div
      role="meter"
      aria-labelledby={labelledBy}
      aria-valuemin={0}
      aria-valuemax={1}
      aria-valuenow={share}
      aria-valuetext={valueText}
      className={styles.track}
    >
      <div className={styles.fill} style={{ "--share": share } as CSSProperties} />
    </div>
  );
}
