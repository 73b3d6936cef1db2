import styles from "./card.module.css";
import type { ComponentProps } from "react";

/** A part of the page, on a surface of its own. Give it `aria-labelledby`. */
export function Card({ className = "", ...rest }: ComponentProps<"section">) {
  return <section className={`${styles.card} ${className}`} {...rest} />;
}
