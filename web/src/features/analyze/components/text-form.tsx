import { useId } from "react";
import { maxTextCharacters } from "@berth/contract";
import { Button } from "../../../components/ui/button";
import { Card } from "../../../components/ui/card";
import { Spinner } from "../../../components/ui/spinner";
import { texts } from "../../../lib/texts";
import styles from "./text-form.module.css";
import type { KeyboardEvent, Ref } from "react";

interface TextFormProps {
  readonly fieldRef: Ref<HTMLTextAreaElement>;
  readonly text: string;
  /** An analysis is under way. */
  readonly busy: boolean;
  /** Someone tried to analyze nothing. */
  readonly emptyHint: boolean;
  readonly onChange: (text: string) => void;
  readonly onSubmit: () => void;
  readonly onClear: () => void;
  /** Brings back a text that was replaced; null when there is none. */
  readonly onRestore: (() => void) | null;
}

const t = texts.analyze;

/** The field, its count against the limit, and the buttons. */
export function TextForm(props: TextFormProps) {
  const { fieldRef, text, busy, emptyHint, onChange, onSubmit, onClear, onRestore } = props;
  const id = useId();
  const over = text.length - maxTextCharacters;
  const problem = over > 0 ? t.tooLong(over) : emptyHint ? t.nothingTyped : null;

  const submitOnShortcut = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    onSubmit();
  };

  return (
    <Card aria-labelledby={`${id}-label`}>
      <form
        className={styles.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit();
        }}
      >
        <div className={styles.head}>
          <label id={`${id}-label`} htmlFor={`${id}-field`}>
            {t.label}
          </label>
          <span id={`${id}-count`} className={styles.count} data-over={over > 0}>
            <span aria-hidden="true">{t.count(text.length, maxTextCharacters)}</span>
            <span className="visually-hidden">{t.countSpoken(text.length, maxTextCharacters)}</span>
          </span>
        </div>
        <textarea
          ref={fieldRef}
          id={`${id}-field`}
          className={styles.field}
          rows={7}
          value={text}
          placeholder={t.placeholder}
          aria-invalid={problem !== null}
          aria-describedby={`${id}-count ${id}-problem`}
          aria-keyshortcuts="Control+Enter Meta+Enter"
          onChange={(event) => onChange(event.target.value)}
          onKeyDown={submitOnShortcut}
        />
        <p id={`${id}-problem`} className={styles.problem} role="alert">
          {problem}
        </p>
        <div className={styles.actions}>
          <Button
            type="submit"
            look="primary"
            unavailable={over > 0}
            aria-describedby={`${id}-problem`}
            aria-busy={busy}
          >
            {busy && <Spinner />}
            {busy ? t.submitting : t.submit}
          </Button>
          <kbd className={styles.shortcut} aria-hidden="true">
            {t.shortcut}
          </kbd>
          {onRestore !== null && (
            <Button className={styles.restore} onClick={onRestore}>
              {t.restore}
            </Button>
          )}
          {text !== "" && (
            <Button className={styles.clear} look="quiet" onClick={onClear}>
              {t.clear}
            </Button>
          )}
        </div>
      </form>
    </Card>
  );
}
