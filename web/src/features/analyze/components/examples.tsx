import { useId } from "react";
import { examples } from "../../../lib/examples";
import { texts } from "../../../lib/texts";
import styles from "./examples.module.css";
import type { Example } from "../../../lib/examples";

interface ExamplesProps {
  readonly onChoose: (example: Example) => void;
}

/** Texts to try, for someone who has none at hand. */
export function Examples({ onChoose }: ExamplesProps) {
  const id = useId();
  return (
    <div>
      <h2 id={id} className={styles.heading}>
        {texts.analyze.examples}
      </h2>
      <ul aria-labelledby={id} className={styles.list}>
        {examples.map((example) => (
          <li key={example.title}>
            <button type="button" className={styles.example} onClick={() => onChoose(example)}>
              {example.title}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
