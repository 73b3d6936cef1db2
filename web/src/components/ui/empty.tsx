import styles from "./empty.module.css";

interface EmptyProps {
  readonly title: string;
  readonly body?: string;
}

/** Nothing is here yet, and that is fine. */
export function Empty({ title, body }: EmptyProps) {
  return (
    <div className={styles.empty}>
      <svg viewBox="0 0 48 32" aria-hidden="true">
        <rect x="0" y="2" width="40" height="6" rx="3" />
        <rect x="0" y="13" width="26" height="6" rx="3" />
        <rect x="0" y="24" width="14" height="6" rx="3" />
      </svg>
      <p className={styles.title}>{title}</p>
      {body !== undefined && <p>{body}</p>}
    </div>
  );
}
