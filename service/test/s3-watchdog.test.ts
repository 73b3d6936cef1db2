import { Watchdog } from "../src/model/watchdog";
import { FakeClock } from "./support/fake-clock";

describe("Watchdog", () => {
  const watch = () => {
    const clock = new FakeClock();
    return { clock, dog: new Watchdog(clock, 1_000, 100) };
  };

  it("lets pass what is slow, as long as enough comes in each span", async () => {
    const { clock, dog } = watch();
    for (let second = 0; second < 10; second++) {
      dog.feed(60);
      await clock.advance(500);
      dog.feed(40);
      await clock.advance(500);
    }
    expect(dog.signal.aborted).toBe(false);
  });

  it.each([0, 99])("aborts when only %d bytes came in a span", async (bytes) => {
    const { clock, dog } = watch();
    dog.feed(1_000_000);
    await clock.advance(1_000);
    dog.feed(bytes);
    await clock.advance(999);
    expect(dog.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(dog.signal.reason).toEqual(
      new Error(`given up, since only ${bytes} bytes came in 1000 ms`),
    );
  });

  it("does nothing once it is ended", async () => {
    const { clock, dog } = watch();
    dog.end();
    await clock.advance(10_000);
    expect(dog.signal.aborted).toBe(false);
  });
});
