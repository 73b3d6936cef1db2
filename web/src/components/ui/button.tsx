import styles from "./button.module.css";
import type { ComponentProps } from "react";

interface ButtonProps extends ComponentProps<"button"> {
  /** @default "plain" */
  readonly look?: "primary" | "plain" | "quiet" | "danger";
  /** Looks and behaves unavailable but keeps the focus, so that its reason can be read. @default false */
  readonly unavailable?: boolean;
}

/** A button. */
export function Button({
  look = "plain",
  unavailable = false,
  className = "",
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      aria-disabled={unavailable || undefined}
      className={`${styles.button} ${styles[look]} ${className}`}
      {...rest}
    />
  );
}
