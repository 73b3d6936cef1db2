import { useId } from "react";
import { failureOf } from "../../../lib/api-failure";
import { formatShare } from "../../../lib/format";
import { texts } from "../../../lib/texts";
import { FailureNotice } from "../../../components/failure-notice";
import { Skeleton } from "../../../components/ui/skeleton";
import { useModel } from "../api/use-model";
import styles from "./model-card.module.css";
import type { ModelResponse } from "@berth/contract";

const t = texts.model;

/** What is served, how good it is, and on what terms. */
export function ModelCard() {
  const id = useId();
  const { data, error, refetch } = useModel();
  return (
    <section aria-labelledby={id} className={styles.card}>
      <h2 id={id} className={styles.heading}>
        {t.heading}
      </h2>
      {data !== undefined ? (
        <Facts model={data} />
      ) : error !== null ? (
        <FailureNotice
          failure={failureOf(error)}
          title={t.failed}
          offlineBody={texts.failure.offlineReadBody}
          onRetry={() => void refetch()}
        />
      ) : (
        <>
          <p className="visually-hidden">{t.loading}</p>
          <Skeleton lines={3} />
        </>
      )}
    </section>
  );
}

type Fact = readonly [name: string, value: string, note?: string];

function Facts({ model }: { readonly model: ModelResponse }) {
  const { evaluation, training } = model;
  return (
    <>
      <FactList
        className={styles.figures}
        facts={[
          [t.name, `${model.name} ${model.version}`],
          [t.accuracy, formatShare(evaluation.accuracy), t.accuracyOn(evaluation.rows)],
          [t.calibration, formatShare(evaluation.ece)],
          [t.reads, t.tokens(model.maxTokens)],
        ]}
      />
      <FactList
        className={styles.provenance}
        facts={[
          [t.base, training.base],
          [t.data, t.rows(training.rows, training.dataset)],
          [t.testedOn, evaluation.dataset],
          [t.terms, training.terms],
          [t.licence, model.licence],
        ]}
      />
    </>
  );
}

interface FactListProps {
  readonly className?: string;
  readonly facts: readonly Fact[];
}

function FactList({ className, facts }: FactListProps) {
  return (
    <dl className={`${styles.facts} ${className}`}>
      {facts.map(([name, value, note]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {value}
            {note !== undefined && <span className={styles.note}> {note}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
