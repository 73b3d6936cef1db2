import { labelColor } from "../../lib/label-color";
import styles from "./label-tag.module.css";
import type { Label } from "@berth/contract";

interface LabelTagProps {
  readonly label: Label;
  /** Drawn as a guess. @default false */
  readonly unsure?: boolean;
}

/** A label in its colour. */
export function LabelTag({ label, unsure = false }: LabelTagProps) {
  return (
    <span className={styles.tag} data-label-color={labelColor(label)} data-unsure={unsure}>
      {label}
    </span>
  );
}
