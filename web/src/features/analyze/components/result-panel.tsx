import { useId } from "react";
import { Button } from "../../../components/ui/button";
import { Card } from "../../../components/ui/card";
import { Empty } from "../../../components/ui/empty";
import { Skeleton } from "../../../components/ui/skeleton";
import { FailureNotice } from "../../../components/failure-notice";
import { texts } from "../../../lib/texts";
import { Result } from "./result";
import { Waiting } from "./waiting";
import styles from "./result-panel.module.css";
import type { ReactNode } from "react";
import type { AnalysisState } from "../api/analysis-state";

interface ResultPanelProps {
  readonly state: AnalysisState;
  /** Below which confidence the model counts itself as unsure; undefined while unknown. */
  readonly unsureBelow?: number;
  readonly onRetry: (text: string) => void;
  readonly onCancel: () => void;
}

/** What an analysis has come to. */
export function ResultPanel(props: ResultPanelProps) {
  const id = useId();
  return (
    <Card
      className={styles.panel}
      aria-labelledby={id}
      aria-busy={props.state.phase === "analyzing"}
    >
      <h2 id={id} className={styles.heading}>
        {texts.result.heading}
      </h2>
      {content(props)}
    </Card>
  );
}

function content({ state, unsureBelow, onRetry, onCancel }: ResultPanelProps): ReactNode {
  switch (state.phase) {
    case "idle":
      return <Empty title={texts.result.empty} body={texts.result.emptyBody} />;
    case "analyzing":
      return (
        <div className={styles.loading}>
          {state.last === null ? (
            <Skeleton lines={5} />
          ) : (
            <div className={styles.stale} inert>
              <Result analysis={state.last} unsureBelow={unsureBelow} />
            </div>
          )}
          <Button className={styles.cancel} look="quiet" onClick={onCancel}>
            {texts.action.cancel}
          </Button>
        </div>
      );
    case "waiting":
      return <Waiting {...state} onRetry={() => onRetry(state.text)} onCancel={onCancel} />;
    case "answered":
      return <Result analysis={state.analysis} unsureBelow={unsureBelow} />;
    case "failed":
      return (
        <FailureNotice failure={state.failure} onRetry={() => onRetry(state.text)}>
          {state.failure.kind === "refused" && <p>{texts.failure.gaveUp}</p>}
        </FailureNotice>
      );
  }
}
