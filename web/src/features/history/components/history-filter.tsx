import { useId } from "react";
import { labels } from "@berth/contract";
import { labelColor } from "../../../lib/label-color";
import { texts } from "../../../lib/texts";
import styles from "./history-filter.module.css";
import type { Label } from "@berth/contract";

interface HistoryFilterProps {
  /** Null for all. */
  readonly label: Label | null;
  readonly onChange: (label: Label | null) => void;
}

/** Which entries are listed: all, or those with one label. */
export function HistoryFilter({ label, onChange }: HistoryFilterProps) {
  const name = useId();
  return (
    <fieldset className={styles.filter}>
      <legend className="visually-hidden">{texts.history.filter}</legend>
      {[null, ...labels].map((choice) => (
        <label
          key={choice}
          className={styles.choice}
          data-label-color={choice && labelColor(choice)}
        >
          <input
            type="radio"
            className="visually-hidden"
            name={name}
            checked={choice === label}
            onChange={() => onChange(choice)}
          />
          <span>{choice ?? texts.history.all}</span>
        </label>
      ))}
    </fieldset>
  );
}
