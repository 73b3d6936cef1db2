import "@testing-library/jest-dom";
import { cleanup, configure } from "@testing-library/react";

// Generous, since the machine may be busy; nothing waits longer than it must.
configure({ asyncUtilTimeout: 5_000 });
jest.setTimeout(30_000);

afterEach(() => {
  cleanup();
  window.localStorage.clear();
});
