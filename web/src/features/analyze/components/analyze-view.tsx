import { useCallback, useEffect, useRef, useState } from "react";
import { maxTextCharacters } from "@berth/contract";
import { useAnalysis } from "../api/use-analysis";
import { useDraft } from "../api/use-draft";
import { Announcement } from "./announcement";
import { Examples } from "./examples";
import { ResultPanel } from "./result-panel";
import { TextForm } from "./text-form";
import styles from "./analyze-view.module.css";
import type { Analysis } from "../api/analysis-state";

interface AnalyzeViewProps {
  /** Told of every answer, once. Must be stable. */
  readonly onAnswer: (analysis: Analysis) => void;
  /** Below which confidence the model counts itself as unsure; undefined while unknown. */
  readonly unsureBelow?: number;
}

/** Type a text, see what the model reads in it. */
export function AnalyzeView({ onAnswer, unsureBelow }: AnalyzeViewProps) {
  const { text, type, replace, restore } = useDraft();
  const { state, analyze, cancel } = useAnalysis(onAnswer);
  const [hint, setHint] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const panel = useRef<HTMLDivElement>(null);

  const submit = (candidate: string) => {
    const empty = candidate.trim() === "";
    setHint(empty);
    if (empty || candidate.length > maxTextCharacters) field.current?.focus();
    else analyze(candidate);
  };

  // On a phone the result is below the fold.
  const { phase } = state;
  useEffect(() => {
    if (phase !== "idle") panel.current?.scrollIntoView?.({ block: "nearest" });
  }, [phase]);

  const clear = useCallback(() => {
    replace("");
    field.current?.focus();
  }, [replace]);

  return (
    <div className={styles.view}>
      <div className={styles.input}>
        <TextForm
          fieldRef={field}
          text={text}
          busy={phase === "analyzing"}
          emptyHint={hint && text.trim() === ""}
          onChange={type}
          onSubmit={() => submit(text)}
          onClear={clear}
          onRestore={restore}
        />
        <Examples
          onChoose={(example) => {
            replace(example.text);
            submit(example.text);
          }}
        />
      </div>
      <div ref={panel} className={styles.result}>
        <ResultPanel state={state} unsureBelow={unsureBelow} onRetry={analyze} onCancel={cancel} />
      </div>
      <Announcement state={state} />
    </div>
  );
}
