import { LevelHistoryStore } from "../../src/adapters/level-history-store";
import { startApp } from "./app-under-test";
import type { AppUnderTest } from "./app-under-test";
import { temporaryFolders } from "./temporary-folder";

type AppOptions = Parameters<typeof startApp> extends [unknown, ...infer Rest] ? Rest : never;

/**
 * The application with a history of its own, new for each test.
 *
 * @param onStart is given both whenever the application was started
 * @returns starts it again with other options, on the same history
 */
export function appForEachTest(
  onStart: (started: { app: AppUnderTest; history: LevelHistoryStore }) => void,
): (...options: AppOptions) => Promise<void> {
  const newFolder = temporaryFolders();
  let history: LevelHistoryStore;
  let app: AppUnderTest;
  const start = async (...options: AppOptions) => {
    app = await startApp(history, ...options);
    onStart({ app, history });
  };
  beforeEach(async () => {
    history = await LevelHistoryStore.open(newFolder());
    await start();
  });
  afterEach(async () => {
    await app.close();
    await history.close();
  });
  return async (...options) => {
    await app.close();
    await start(...options);
  };
}
