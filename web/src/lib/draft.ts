/** The part of `Storage` that a draft needs. */
export type DraftStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const key = "berth.draft";

/** What is typed, kept over reloads. A storage that is full, forbidden or absent only costs the keeping. */
export interface Draft {
  read(): string;
  write(text: string): void;
}

/** @param storage may throw, as browsers do where storage is blocked */
export function createDraft(storage: () => DraftStorage): Draft {
  return {
    read() {
      try {
        return storage().getItem(key) ?? "";
      } catch {
        return "";
      }
    },
    write(text) {
      try {
        if (text === "") storage().removeItem(key);
        else storage().setItem(key, text);
      } catch {
        // The text stays in the page; there is nothing better to do with it.
      }
    },
  };
}
