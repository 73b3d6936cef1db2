import styles from "./skeleton.module.css";

interface SkeletonProps {
  /** How many lines to stand in for. */
  readonly lines: number;
  /** @default "bar" */
  readonly look?: "bar" | "row";
}

/** The shape of what is loading. Hidden from screen readers: say beside it what loads. */
export function Skeleton({ lines, look = "bar" }: SkeletonProps) {
  return (
    <div className={styles.skeleton} data-look={look} aria-hidden="true">
      {Array.from({ length: lines }, (_, i) => (
        <span key={i} />
      ))}
    </div>
  );
}
