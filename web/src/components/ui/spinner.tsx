import styles from "./spinner.module.css";

/** Something is under way. Say what beside it: this is for the eye only. */
export function Spinner() {
  return (
    <svg className={styles.spinner} viewBox="0 0 16 16" aria-hidden="true">
      <circle cx="8" cy="8" r="6" />
    </svg>
  );
}
