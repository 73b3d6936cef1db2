import { maxTextCharacters } from "@berth/contract";
import type { z } from "zod";
import { ServiceError } from "../domain/service-error";
import type { ErrorDetail } from "../domain/service-error";

/** Faults that an answer names at most. */
const maxDetails = 20;

/** Longest path or message of a fault, in UTF-16 code units. */
const maxDetailCharacters = 200;

/**
 * Parses one part of a request.
 *
 * @throws {ServiceError} `text_too_long` if that is all that is wrong, otherwise `invalid_request`, with every fault up
 * to a bound
 */
export function validate<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { issues } = result.error;
  // Faults quote what was sent, and there can be as many as it has fields.
  const details: ErrorDetail[] = issues.slice(0, maxDetails).map(({ path, message }) => ({
    path: shortened(path.join(".")),
    message: shortened(message),
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

function shortened(text: string): string {
  return text.length <= maxDetailCharacters ? text : `${text.slice(0, maxDetailCharacters - 1)}…`;
}
