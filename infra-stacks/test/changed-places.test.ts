import { changedPlaces } from "./support/changed-places";

describe("the comparison of synthesized documents", () => {
  it("names exactly the values that differ, in objects and lists", () => {
    const before = { a: { b: [1, 2], c: "x" }, same: { d: null } };
    expect(changedPlaces(before, { a: { b: [1, 3], c: "y" }, same: { d: null } })).toEqual([
      "a.b.1",
      "a.c",
    ]);
  });

  it("names a value that only one of them has", () => {
    expect(changedPlaces({ a: 1 }, { b: 1 })).toEqual(["a", "b"]);
  });

  it("names nothing in equal documents", () => {
    expect(changedPlaces({ a: [{ b: 1 }] }, { a: [{ b: 1 }] })).toEqual([]);
  });
});
