import { useCallback, useEffect, useRef, useState } from "react";
import { useDependencies } from "../../../lib/dependencies";
import { failureOf } from "../../../lib/api-failure";
import { afterFailure } from "./after-failure";
import type { Analysis, AnalysisState } from "./analysis-state";

/** One analysis at a time, and what can be done with it. */
export interface UseAnalysis {
  readonly state: AnalysisState;
  /** Sends a text; whatever was under way is given up. */
  readonly analyze: (text: string) => void;
  /** Gives up on what is under way. */
  readonly cancel: () => void;
}

/** @param onAnswer told of every answer, once */
export function useAnalysis(onAnswer: (analysis: Analysis) => void): UseAnalysis {
  const { client, random } = useDependencies();
  const [state, setState] = useState<AnalysisState>({ phase: "idle" });
  const current = useRef<AbortController>(null);
  const lastAnswered = useRef<Analysis>(null);

  const send = useCallback(
    async (text: string, attempt: number) => {
      current.current?.abort();
      const controller = new AbortController();
      current.current = controller;
      setState({ phase: "analyzing", text, last: lastAnswered.current });
      try {
        const { signal } = controller;
        const analysis = { text, answer: await client.call("analyze", { body: { text }, signal }) };
        if (signal.aborted) return;
        lastAnswered.current = analysis;
        setState({ phase: "answered", analysis });
        onAnswer(analysis);
      } catch (thrown) {
        if (controller.signal.aborted) return;
        const failure = failureOf(thrown);
        setState(afterFailure({ text, failure, attempt, nowMs: Date.now(), random }));
      }
    },
    [client, random, onAnswer],
  );

  useEffect(() => {
    if (state.phase !== "waiting") return;
    const { text, attempt, resume } = state;
    const again = () => void send(text, attempt + 1);
    if (resume.on === "time") {
      const timer = setTimeout(again, resume.atMs - Date.now());
      return () => clearTimeout(timer);
    }
    // The connection may have come back between the failure and this effect.
    if (navigator.onLine) {
      const timer = setTimeout(again);
      return () => clearTimeout(timer);
    }
    window.addEventListener("online", again, { once: true });
    return () => window.removeEventListener("online", again);
  }, [state, send]);

  useEffect(() => () => current.current?.abort(), []);

  const cancel = useCallback(() => {
    current.current?.abort();
    const last = lastAnswered.current;
    setState(last ? { phase: "answered", analysis: last } : { phase: "idle" });
  }, []);

  const analyze = useCallback((text: string) => void send(text, 1), [send]);
  return { state, analyze, cancel };
}
