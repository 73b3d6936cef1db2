import { createDraft } from "../../src/lib/draft";

const forbidden = (): never => {
  throw new DOMException("The operation is insecure.", "SecurityError");
};

describe("a draft", () => {
  test("is there again for the next page that opens", () => {
    createDraft(() => localStorage).write("half a sentence");
    expect(createDraft(() => localStorage).read()).toBe("half a sentence");
  });

  test("leaves nothing behind when the text is cleared", () => {
    const draft = createDraft(() => localStorage);
    draft.write("something");
    draft.write("");
    expect(draft.read()).toBe("");
    expect(localStorage).toHaveLength(0);
  });

  test("fails quietly where storage is forbidden", () => {
    const draft = createDraft(forbidden);
    expect(() => draft.write("text")).not.toThrow();
    expect(draft.read()).toBe("");
  });

  test("fails quietly where storage is full", () => {
    const full = { getItem: () => null, setItem: forbidden, removeItem: () => undefined };
    expect(() => createDraft(() => full).write("text")).not.toThrow();
  });
});
