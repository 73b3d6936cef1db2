import { texts } from "../lib/texts";
import { ModelStatus } from "../features/model/components/model-status";
import styles from "./header.module.css";

/** The name, and what the page is for. */
export function Header() {
  return (
    <header className={styles.header}>
      <div className={styles.bar}>
        <p className={styles.brand}>
          <svg viewBox="0 0 32 32" aria-hidden="true">
            <rect width="32" height="32" rx="8" />
            <path d="M8 8v10a8 8 0 0 0 16 0V8" />
            <circle cx="16" cy="15" r="3.5" />
          </svg>
          {texts.app.name}
        </p>
        <ModelStatus />
      </div>
      <h1 className={styles.title}>{texts.app.title}</h1>
      <p className={styles.intro}>{texts.app.intro}</p>
    </header>
  );
}
