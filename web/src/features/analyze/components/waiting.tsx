import { Button } from "../../../components/ui/button";
import { FailureNotice } from "../../../components/failure-notice";
import { texts } from "../../../lib/texts";
import { Countdown } from "./countdown";
import type { ApiFailure } from "../../../lib/api-failure";
import type { Resume } from "../api/analysis-state";

interface WaitingProps {
  readonly failure: ApiFailure;
  /** Attempts so far. */
  readonly attempt: number;
  readonly resume: Resume;
  readonly onRetry: () => void;
  readonly onCancel: () => void;
}

/** The text is on hold and goes on by itself. */
export function Waiting({ failure, attempt, resume, onRetry, onCancel }: WaitingProps) {
  return (
    <FailureNotice
      failure={failure}
      onRetry={resume.on === "connection" ? undefined : onRetry}
      actions={
        <Button look="quiet" onClick={onCancel}>
          {texts.action.cancel}
        </Button>
      }
    >
      {resume.on === "time" && <Countdown {...resume} attempt={attempt} />}
    </FailureNotice>
  );
}
