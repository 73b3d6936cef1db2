import type { AnalyzeResponse } from "@berth/contract";
import type { ApiFailure } from "../../../lib/api-failure";

/** A text and what the model said about it. */
export interface Analysis {
  readonly text: string;
  readonly answer: AnalyzeResponse;
}

/** What happens next by itself while an analysis waits. */
export type Resume =
  | { readonly on: "time"; readonly atMs: number; readonly delayMs: number }
  | { readonly on: "connection" };

/** Where an analysis stands. */
export type AnalysisState =
  | { readonly phase: "idle" }
  | { readonly phase: "analyzing"; readonly text: string; readonly last: Analysis | null }
  | {
      readonly phase: "waiting";
      readonly text: string;
      readonly failure: ApiFailure;
      /** Attempts so far. */
      readonly attempt: number;
      readonly resume: Resume;
    }
  | { readonly phase: "answered"; readonly analysis: Analysis }
  | { readonly phase: "failed"; readonly text: string; readonly failure: ApiFailure };
