import styles from "./notice.module.css";
import type { ReactNode } from "react";

interface NoticeProps {
  readonly title: string;
  /** `calm` for what passes by itself, `caution` for what to mind, `danger` for what failed. */
  readonly tone: "calm" | "caution" | "danger";
  readonly children?: ReactNode;
  /** Buttons. */
  readonly actions?: ReactNode;
}

/** Something that the person should know, and what can be done about it. */
export function Notice({ title, tone, children, actions }: NoticeProps) {
  return (
    <div className={styles.notice} data-tone={tone}>
      <p className={styles.title}>{title}</p>
      {children !== undefined && <div className={styles.body}>{children}</div>}
      {actions !== undefined && <div className={styles.actions}>{actions}</div>}
    </div>
  );
}
