import { maxTextCharacters } from "@berth/contract";
import type { z } from "zod";
import { ServiceError } from "../domain/service-error";
import type { ErrorDetail } from "../domain/service-error";

/**
 * Parses one part of a request.
 *
 * @throws {ServiceError} `text_too_long` if that is all that is wrong, otherwise `invalid_request`, with every fault
 */
export function validate<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { issues } = result.error;
  const details: ErrorDetail[] = issues.map(({ path, message }) => ({
    path: path.join("."),
    message,
  }));
  const tooLong = issues.every(
    (issue) => issue.code === "too_big" && issue.path.join(".") === "text",
  );
  if (!tooLong) throw new ServiceError("invalid_request", { details });
  const { length } = (value as { text: string }).text;
  throw new ServiceError("text_too_long", {
    details: [
      {
        path: "text",
        message: `has ${length} UTF-16 code units; at most ${maxTextCharacters} are taken`,
      },
    ],
  });
}
