import { useCallback, useEffect, useState } from "react";
import { useDependencies } from "../../../lib/dependencies";
import { examples } from "../../../lib/examples";

/** The text in the field, which neither a reload nor an example loses. */
export interface UseDraft {
  readonly text: string;
  /** What the person types. */
  readonly type: (text: string) => void;
  /** Puts another text in the field; what the person had typed can be brought back. */
  readonly replace: (text: string) => void;
  /** Brings back what {@link replace} took away; null when there is nothing to bring back. */
  readonly restore: (() => void) | null;
}

const typedByPerson = (text: string): boolean =>
  text.trim() !== "" && !examples.some((example) => example.text === text);

/** Keeps the text in the browser's storage. */
export function useDraft(): UseDraft {
  const { draft } = useDependencies();
  const [text, setText] = useState(() => draft.read());
  const [replaced, setReplaced] = useState<string | null>(null);

  useEffect(() => draft.write(text), [draft, text]);

  const replace = useCallback(
    (next: string) => {
      if (typedByPerson(text) && next !== text) setReplaced(text);
      setText(next);
    },
    [text],
  );
  const restore = useCallback(() => {
    if (replaced === null) return;
    setText(replaced);
    setReplaced(null);
  }, [replaced]);

  return { text, type: setText, replace, restore: replaced === null ? null : restore };
}
