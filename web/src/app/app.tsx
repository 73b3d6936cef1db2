import { useCallback, useState } from "react";
import { AnalyzeView } from "../features/analyze/components/analyze-view";
import { HistoryView } from "../features/history/components/history-view";
import { ModelCard } from "../features/model/components/model-card";
import { useModel } from "../features/model/api/use-model";
import { entryTime } from "../lib/entry-time";
import { Header } from "./header";
import { OfflineBanner } from "./offline-banner";
import styles from "./app.module.css";
import type { HistoryEntry } from "@berth/contract";
import type { Analysis } from "../features/analyze/api/analysis-state";

/** The page. */
export function App() {
  const [recent, setRecent] = useState<readonly HistoryEntry[]>([]);
  const { data: model } = useModel();
  const remember = useCallback(
    ({ text, answer }: Analysis) =>
      setRecent((entries) => [{ ...answer, text, createdAt: entryTime(answer.id) }, ...entries]),
    [],
  );
  const forget = useCallback(
    (id: string) => setRecent((entries) => entries.filter((entry) => entry.id !== id)),
    [],
  );
  return (
    <>
      <OfflineBanner />
      <div className={styles.page}>
        <Header />
        <main className={styles.main}>
          <AnalyzeView onAnswer={remember} unsureBelow={model?.unsureBelow} />
          <HistoryView recent={recent} onDeleted={forget} />
        </main>
        <footer>
          <ModelCard />
        </footer>
      </div>
    </>
  );
}
