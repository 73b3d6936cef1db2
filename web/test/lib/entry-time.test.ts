import { entryTime } from "../../src/lib/entry-time";
import { uuidv7 } from "../support/fake-service";

test("an entry's time is read out of its id, to the millisecond", () => {
  const time = "2026-11-23T14:05:06.789Z";
  expect(entryTime(uuidv7(Date.parse(time)))).toBe(time);
  expect(entryTime(uuidv7(Date.parse(time) + 1))).not.toBe(time);
});
