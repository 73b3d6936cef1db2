import { useId, useMemo, useRef, useState } from "react";
import { failureOf } from "../../../lib/api-failure";
import { texts } from "../../../lib/texts";
import { FailureNotice } from "../../../components/failure-notice";
import { Button } from "../../../components/ui/button";
import { Card } from "../../../components/ui/card";
import { Empty } from "../../../components/ui/empty";
import { Skeleton } from "../../../components/ui/skeleton";
import { Spinner } from "../../../components/ui/spinner";
import { mergeEntries } from "../api/merge-entries";
import { useDeleteEntry } from "../api/use-delete-entry";
import { useHistory } from "../api/use-history";
import { HistoryFilter } from "./history-filter";
import { HistoryItem } from "./history-item";
import styles from "./history-view.module.css";
import type { HistoryEntry, Label } from "@berth/contract";

interface HistoryViewProps {
  /** Answers of this visit, which the service may not have recorded yet. */
  readonly recent: readonly HistoryEntry[];
  /** Told of every entry that was deleted. */
  readonly onDeleted: (id: string) => void;
}

const t = texts.history;

/** Past answers, newest first. */
export function HistoryView({ recent, onDeleted }: HistoryViewProps) {
  const id = useId();
  const [label, setLabel] = useState<Label | null>(null);
  const [said, setSaid] = useState("");
  const heading = useRef<HTMLHeadingElement>(null);
  const history = useHistory(label);
  const remove = useDeleteEntry((entryId) => {
    onDeleted(entryId);
    setSaid(t.removed);
    heading.current?.focus();
  });
  const { data, error, isPending, hasNextPage, isFetchingNextPage } = history;
  const entries = useMemo(
    () => mergeEntries(data?.pages.flatMap((page) => page.entries) ?? [], recent, label),
    [data, recent, label],
  );

  return (
    <Card aria-labelledby={id} aria-busy={isPending}>
      <div className={styles.head}>
        <h2 id={id} ref={heading} tabIndex={-1} className={styles.heading}>
          {t.heading}
        </h2>
        <HistoryFilter label={label} onChange={setLabel} />
      </div>
      {error !== null && (
        <FailureNotice
          failure={failureOf(error)}
          title={failureOf(error).kind === "refused" ? t.failed : undefined}
          offlineBody={texts.failure.offlineReadBody}
          onRetry={() => void history.refetch()}
        >
          {failureOf(error).kind !== "offline" && <p>{t.failedBody}</p>}
        </FailureNotice>
      )}
      {entries.length > 0 && (
        <ol className={styles.list}>
          {entries.map((entry) => (
            <HistoryItem
              key={entry.id}
              entry={entry}
              removing={remove.isPending && remove.variables === entry.id}
              removeFailure={
                remove.isError && remove.variables === entry.id ? failureOf(remove.error) : null
              }
              onRemove={() => remove.mutate(entry.id)}
              onKeep={() => remove.reset()}
            />
          ))}
        </ol>
      )}
      {isPending && (
        <>
          <p className="visually-hidden">{t.loading}</p>
          <Skeleton lines={4} look="row" />
        </>
      )}
      {data !== undefined &&
        entries.length === 0 &&
        (label === null ? (
          <Empty title={t.empty} body={t.emptyBody} />
        ) : (
          <Empty title={t.emptyFiltered(label)} />
        ))}
      {hasNextPage && (
        <div className={styles.more}>
          <Button
            aria-busy={isFetchingNextPage}
            onClick={() => {
              if (!isFetchingNextPage) void history.fetchNextPage();
            }}
          >
            {isFetchingNextPage && <Spinner />}
            {isFetchingNextPage ? t.moreLoading : t.more}
          </Button>
        </div>
      )}
      <p role="status" className="visually-hidden">
        {said}
      </p>
    </Card>
  );
}
