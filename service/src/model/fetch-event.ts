/** What happens while a model is fetched. */
export type FetchEvent = {
  readonly file: string;
  /** Bytes of it that are there. */
  readonly bytes: number;
  /** Bytes of the whole; unknown of the manifest. */
  readonly total: number | undefined;
} & (
  | { readonly kind: "progress" }
  /** The try `tried` of `tries` failed, and the next one follows. */
  | {
      readonly kind: "retry";
      readonly tried: number;
      readonly tries: number;
      readonly retryInMs: number;
      readonly reason: string;
    }
);

/** An event as a line for people. */
export function fetchEventLine(event: FetchEvent): string {
  const { file, bytes, total } = event;
  const share = total === undefined ? "" : ` (${Math.floor((100 * bytes) / total)} %)`;
  const reached = `${file}: ${bytes} of ${total ?? "unknown"} bytes${share}`;
  if (event.kind === "progress") return reached;
  const { tried, tries, retryInMs, reason } = event;
  return `${reached}; try ${tried} of ${tries} failed, the next in ${Math.round(retryInMs)} ms: ${reason}`;
}
