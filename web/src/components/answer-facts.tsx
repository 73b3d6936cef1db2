import { formatCount } from "../lib/format";
import { texts } from "../lib/texts";
import styles from "./answer-facts.module.css";
import type { AnalyzeResponse } from "@berth/contract";

interface AnswerFactsProps {
  readonly answer: Pick<AnalyzeResponse, "model" | "tokens">;
}

/** How much was read, and which model read it. */
export function AnswerFacts({ answer: { model, tokens } }: AnswerFactsProps) {
  return (
    <dl className={styles.facts}>
      <div>
        <dt>{texts.result.tokens}</dt>
        <dd>{formatCount(tokens.total)}</dd>
      </div>
      <div>
        <dt>{texts.result.model}</dt>
        <dd>
          {model.name} {model.version}
        </dd>
      </div>
    </dl>
  );
}
