import { render, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { Root } from "../../src/app/root";
import { createApiClient } from "../../src/lib/api-client";
import { createDraft } from "../../src/lib/draft";
import { texts } from "../../src/lib/texts";
import { FakeService } from "./fake-service";
import type { RenderResult } from "@testing-library/react";
import type { UserEvent } from "@testing-library/user-event";

/** The page as a person has it before them, with a fake service behind it. */
export interface Opened extends RenderResult {
  readonly service: FakeService;
  readonly user: UserEvent;
}

/** Says to the page whether the device has a network. */
export function setOnline(online: boolean): void {
  jest.spyOn(navigator, "onLine", "get").mockReturnValue(online);
  window.dispatchEvent(new Event(online ? "online" : "offline"));
}

/** Opens the page. Typing takes no time, so it works with fake timers too. */
export function openPage(service = new FakeService()): Opened {
  const user = userEvent.setup({ delay: null });
  const opened = render(
    <Root
      dependencies={{
        client: createApiClient({ fetch: service.fetch }),
        draft: createDraft(() => window.localStorage),
        random: () => 0,
      }}
    />,
  );
  return { ...opened, service, user };
}

export const field = (): HTMLElement => screen.getByRole("textbox", { name: texts.analyze.label });
export const submitButton = (): HTMLElement =>
  screen.getByRole("button", { name: texts.analyze.submit });
export const region = (name: string): HTMLElement => screen.getByRole("region", { name });
