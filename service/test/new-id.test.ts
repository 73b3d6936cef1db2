import { entryId } from "@berth/contract";
import { newId } from "../src/domain/new-id";

describe("newId", () => {
  const ids = Array.from({ length: 5_000 }, newId);

  it("makes UUIDs of version 7, none twice", () => {
    for (const id of ids) expect(entryId.parse(id)).toBe(id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("makes ids that sort by when they were made, within a millisecond and when the clock is put back", () => {
    const now = jest.spyOn(Date, "now").mockReturnValue(Date.now() - 60_000);
    const later = newId();
    now.mockRestore();
    const all = [...ids, later];
    expect([...all].sort()).toEqual(all);
  });

  it("shares nothing random between ids", () => {
    const tails = ids.map((id) => id.slice(-10));
    expect(new Set(tails).size).toBe(ids.length);
  });
});
