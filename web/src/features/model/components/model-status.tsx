import { texts } from "../../../lib/texts";
import { useOnline } from "../../../lib/use-online";
import { useModel } from "../api/use-model";
import styles from "./model-status.module.css";

/** Whether there is a model to ask, in a word. */
export function ModelStatus() {
  const { data, isPending, isError } = useModel();
  const online = useOnline();
  const state = !online ? "offline" : isPending ? "connecting" : isError ? "away" : "ready";
  return (
    <p className={styles.status} data-state={state}>
      {state === "ready" && data ? texts.model.ready(data.name) : texts.model.status[state]}
    </p>
  );
}
