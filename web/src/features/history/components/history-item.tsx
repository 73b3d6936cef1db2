import { useId, useRef, useState } from "react";
import { formatAgo, formatShare } from "../../../lib/format";
import { texts } from "../../../lib/texts";
import { useNow } from "../../../lib/use-now";
import { Button } from "../../../components/ui/button";
import { LabelTag } from "../../../components/ui/label-tag";
import { HistoryDetails } from "./history-details";
import { RemoveQuestion } from "./remove-question";
import styles from "./history-item.module.css";
import type { HistoryEntry } from "@berth/contract";
import type { ApiFailure } from "../../../lib/api-failure";

interface HistoryItemProps {
  readonly entry: HistoryEntry;
  /** Its deletion is under way. */
  readonly removing: boolean;
  /** Why its deletion failed; null when it did not. */
  readonly removeFailure: ApiFailure | null;
  readonly onRemove: () => void;
  /** The person decided against deleting it. */
  readonly onKeep: () => void;
}

const refreshTimesMs = 30_000;
const shownInNames = 60;

/** One past answer: a line that opens. */
export function HistoryItem({
  entry,
  removing,
  removeFailure,
  onRemove,
  onKeep,
}: HistoryItemProps) {
  const id = useId();
  const now = useNow(refreshTimesMs);
  const [open, setOpen] = useState(false);
  const [asking, setAsking] = useState(false);
  const removeButton = useRef<HTMLButtonElement>(null);
  const excerpt = entry.text.slice(0, 280).trim();

  return (
    <li className={styles.item} data-open={open}>
      <div className={styles.line}>
        <button
          type="button"
          className={styles.summary}
          aria-expanded={open}
          aria-controls={`${id}-details`}
          onClick={() => setOpen(!open)}
        >
          <span className={styles.label}>
            <LabelTag label={entry.label} unsure={entry.unsure} />
          </span>
          <span className={styles.text}>{excerpt}</span>
          <span className={styles.share}>
            {entry.unsure && <span className="visually-hidden">{texts.result.unsure} </span>}
            {formatShare(entry.confidence)}
          </span>
          <time
            className={styles.time}
            dateTime={entry.createdAt}
            title={texts.history.at(entry.createdAt)}
          >
            {formatAgo(entry.createdAt, now)}
          </time>
          <svg className={styles.chevron} viewBox="0 0 16 16" aria-hidden="true">
            <path d="m4 6 4 4 4-4" />
          </svg>
        </button>
        <Button
          ref={removeButton}
          look="quiet"
          className={styles.remove}
          aria-label={texts.history.removeNamed(excerpt.slice(0, shownInNames))}
          title={texts.history.remove}
          onClick={() => setAsking(true)}
        >
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.6 9h6.8l.6-9M6.7 7.2v3.8M9.3 7.2v3.8" />
          </svg>
        </Button>
      </div>
      {asking && (
        <RemoveQuestion
          removing={removing}
          failure={removeFailure}
          onRemove={onRemove}
          onKeep={() => {
            onKeep();
            setAsking(false);
            removeButton.current?.focus();
          }}
        />
      )}
      <div id={`${id}-details`} hidden={!open}>
        {open && <HistoryDetails entry={entry} />}
      </div>
    </li>
  );
}
