import { render, screen } from "@testing-library/react";
import { ErrorBoundary } from "../../src/app/error-boundary";
import { texts } from "../../src/lib/texts";

function Broken(): never {
  throw new Error("broken on purpose");
}

afterEach(() => jest.restoreAllMocks());

test("a page that breaks fails with a word and a way to load it again", () => {
  const logged = jest.spyOn(console, "error").mockImplementation(() => undefined);
  render(
    <ErrorBoundary>
      <Broken />
    </ErrorBoundary>,
  );
  expect(screen.getByText(texts.app.broken)).toBeVisible();
  expect(screen.getByRole("button", { name: texts.action.reload })).toBeVisible();
  expect(logged).toHaveBeenCalled();
});

test("a page that works is left alone", () => {
  render(
    <ErrorBoundary>
      <p>all is well</p>
    </ErrorBoundary>,
  );
  expect(screen.getByText("all is well")).toBeVisible();
  expect(screen.queryByText(texts.app.broken)).not.toBeInTheDocument();
});
