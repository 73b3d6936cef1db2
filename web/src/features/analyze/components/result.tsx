import { labelColor } from "../../../lib/label-color";
import { texts } from "../../../lib/texts";
import { AnswerFacts } from "../../../components/answer-facts";
import { Scores } from "../../../components/scores";
import { Timings } from "../../../components/timings";
import { Notice } from "../../../components/ui/notice";
import styles from "./result.module.css";
import type { Analysis } from "../api/analysis-state";

interface ResultProps {
  readonly analysis: Analysis;
  /** Below which confidence the model counts itself as unsure; undefined while unknown. */
  readonly unsureBelow?: number;
}

const t = texts.result;

/** The model's answer: the label first, then what stands behind it. */
export function Result({ analysis: { text, answer }, unsureBelow }: ResultProps) {
  const { label, confidence, unsure, scores, tokens, truncated, timingsMs } = answer;
  const next = scores[1];
  return (
    <div className={styles.result}>
      <div
        className={styles.verdict}
        data-label-color={labelColor(label)}
        data-unsure={unsure}
        data-testid="verdict"
      >
        <p className={styles.label}>{label}</p>
        <p className={styles.confidence}>
          {unsure && <span className={styles.unsure}>{t.unsure}</span>}
          <span>
            <span className="visually-hidden">{t.confidence} </span>
            {t.sure(confidence)}
          </span>
        </p>
      </div>
      <blockquote className={styles.quote} aria-label={t.for}>
        {text.slice(0, 280)}
      </blockquote>
      {unsure && next !== undefined && (
        <p className={styles.hint}>{t.unsureBody(next.label, next.score, unsureBelow)}</p>
      )}
      {truncated && (
        <Notice title={t.truncatedTitle} tone="caution">
          <p>{t.truncated(tokens.used, tokens.total)}</p>
        </Notice>
      )}
      <div>
        <h3 className={styles.heading}>{t.scores}</h3>
        <Scores scores={scores} />
      </div>
      <div>
        <h3 className={styles.heading}>{t.timings}</h3>
        <Timings timingsMs={timingsMs} />
      </div>
      <AnswerFacts answer={answer} />
    </div>
  );
}
