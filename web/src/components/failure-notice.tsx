import { texts } from "../lib/texts";
import { Button } from "./ui/button";
import { Notice } from "./ui/notice";
import styles from "./failure-notice.module.css";
import type { ReactNode } from "react";
import type { ApiFailure } from "../lib/api-failure";

interface FailureNoticeProps {
  readonly failure: ApiFailure;
  /** Replaces the failure's own title. */
  readonly title?: string;
  /** What is said to someone who is offline. @default texts.failure.offlineBody */
  readonly offlineBody?: string;
  /** Offers to try again, where that can help. */
  readonly onRetry?: () => void;
  readonly children?: ReactNode;
  /** More buttons. */
  readonly actions?: ReactNode;
}

const t = texts.failure;

function body(failure: ApiFailure, offlineBody: string): string | null {
  switch (failure.kind) {
    case "refused":
      return failure.message ?? t.gatewayBody;
    case "rejected":
      return failure.message;
    case "server":
      return failure.message ?? t.serverBody;
    case "offline":
      return offlineBody;
    case "unreachable":
      return t.unreachableBody;
    case "timeout":
      return t.timeoutBody(failure.afterMs);
    case "mismatch":
      return t.mismatchBody;
    case "cancelled":
      return null;
  }
}

/** Passes by itself, is to be minded, or failed. */
const tones = {
  refused: "caution",
  rejected: "caution",
  server: "danger",
  offline: "calm",
  unreachable: "danger",
  timeout: "danger",
  mismatch: "caution",
  cancelled: "calm",
} as const satisfies Record<ApiFailure["kind"], "calm" | "caution" | "danger">;

/** A failure in words, with what can be done about it. */
export function FailureNotice(props: FailureNoticeProps) {
  const { failure, title, offlineBody = t.offlineBody, onRetry, children, actions } = props;
  const { kind } = failure;
  const requestId = "requestId" in failure ? failure.requestId : null;
  const retryable = onRetry !== undefined && kind !== "rejected" && kind !== "mismatch";
  return (
    <Notice
      title={title ?? t[kind]}
      tone={tones[kind]}
      actions={
        <>
          {retryable && <Button onClick={onRetry}>{texts.action.retry}</Button>}
          {kind === "mismatch" && (
            <Button onClick={() => window.location.reload()}>{texts.action.reload}</Button>
          )}
          {actions}
        </>
      }
    >
      <p>{body(failure, offlineBody)}</p>
      {kind === "rejected" && failure.details.length > 0 && (
        <ul className={styles.details}>
          {failure.details.map((detail) => (
            <li key={`${detail.path} ${detail.message}`}>{detail.message}</li>
          ))}
        </ul>
      )}
      {children}
      {(kind === "server" || kind === "mismatch") && requestId !== null && (
        <p className={styles.requestId}>
          {t.requestId}: <code>{requestId}</code>
        </p>
      )}
    </Notice>
  );
}
