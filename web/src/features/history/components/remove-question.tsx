import { useId } from "react";
import { texts } from "../../../lib/texts";
import { FailureNotice } from "../../../components/failure-notice";
import { Button } from "../../../components/ui/button";
import { Spinner } from "../../../components/ui/spinner";
import styles from "./remove-question.module.css";
import type { ApiFailure } from "../../../lib/api-failure";

interface RemoveQuestionProps {
  readonly removing: boolean;
  /** Why deleting failed; null when it did not. */
  readonly failure: ApiFailure | null;
  readonly onRemove: () => void;
  readonly onKeep: () => void;
}

const t = texts.history;

/** Asks once before something is gone for good. The focus starts on the way out. */
export function RemoveQuestion({ removing, failure, onRemove, onKeep }: RemoveQuestionProps) {
  const id = useId();
  return (
    <div
      role="group"
      aria-labelledby={id}
      className={styles.question}
      onKeyDown={(event) => {
        if (event.key === "Escape") onKeep();
      }}
    >
      {failure !== null && (
        <FailureNotice
          failure={failure}
          title={t.removeFailed}
          offlineBody={texts.failure.offline}
        />
      )}
      <div className={styles.line}>
        <p id={id}>{t.removeQuestion}</p>
        <Button autoFocus onClick={onKeep}>
          {t.removeKeep}
        </Button>
        <Button
          look="danger"
          aria-busy={removing}
          onClick={() => {
            if (!removing) onRemove();
          }}
        >
          {removing && <Spinner />}
          {removing ? t.removing : t.removeConfirm}
        </Button>
      </div>
    </div>
  );
}
