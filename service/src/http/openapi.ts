import {
  deadlineHeader,
  deadlineMs,
  endpointErrors,
  endpoints,
  errorResponse,
  errors,
  latencyBudget,
  requestIdHeader,
} from "@berth/contract";
import type { Endpoint, ErrorCode } from "@berth/contract";
import { z } from "zod";
import { createDocument } from "zod-openapi";
import type { ZodOpenApiOperationObject, ZodOpenApiResponseObject } from "zod-openapi";

const securityScheme = "apiKey";

const requestIdAnswer = {
  [requestIdHeader]: {
    description: "The request's id: the caller's, or a new one",
    schema: { type: "string" },
  },
} as const;

const deadlineParameter = z.object({
  [deadlineHeader]: deadlineMs.optional().meta({
    description:
      "Milliseconds that the caller waits for an answer, from when the request has arrived",
    // In a header it is digits, which OpenAPI calls an integer.
    override: {
      type: "integer",
      pattern: undefined,
      minimum: 1,
      default: latencyBudget.requestDeadlineMs,
    },
  }),
});

function success({ response, responseType }: Endpoint): ZodOpenApiResponseObject {
  const headers = requestIdAnswer;
  if (response === undefined) return { description: "Done", headers };
  const [type, schema] =
    typeof response === "string"
      ? [response, { type: "string" } as const]
      : [responseType ?? "application/json", response];
  const description =
    responseType === undefined ? "Success" : "One object a line, as this schema says";
  return { description, headers, content: { [type]: { schema } } };
}

/** One response a status; its description lists the codes that share it. */
function failures(codes: readonly ErrorCode[]): Record<string, ZodOpenApiResponseObject> {
  const statuses = new Set(codes.map((code) => errors[code].status));
  return Object.fromEntries(
    [...statuses].map((status) => {
      const rows = codes.filter((code) => errors[code].status === status);
      const later = rows.some((code) => errors[code].retry === "later");
      return [
        String(status),
        {
          description: rows.map((code) => `\`${code}\`: ${errors[code].message}`).join("\n\n"),
          content: { "application/json": { schema: errorResponse } },
          headers: {
            ...requestIdAnswer,
            ...(later && {
              "Retry-After": {
                description: "Seconds to wait before trying again",
                schema: { type: "integer", minimum: 1 },
              },
            }),
            ...(rows.includes("unauthorized") && {
              "WWW-Authenticate": {
                description: "How to send the key",
                schema: { type: "string" },
              },
            }),
          },
        },
      ];
    }),
  );
}

function operation(id: string, endpoint: Endpoint, secured: boolean): ZodOpenApiOperationObject {
  const needsKey = secured && endpoint.writes === true;
  const codes = endpointErrors(endpoint).filter((code) => code !== "unauthorized" || needsKey);
  return {
    operationId: id,
    summary: endpoint.summary,
    requestParams: {
      ...(endpoint.params && { path: endpoint.params }),
      ...(endpoint.query && { query: endpoint.query }),
      ...(endpoint.deadline && { header: deadlineParameter }),
    },
    ...(endpoint.body && {
      requestBody: {
        ...(endpoint.requestType !== undefined && {
          description: "One object a line, as this schema says; blank lines are skipped",
        }),
        required: true,
        content: { [endpoint.requestType ?? "application/json"]: { schema: endpoint.body } },
      },
    }),
    ...(needsKey && { security: [{ [securityScheme]: [] }] }),
    responses: {
      [String(endpoint.status)]: success(endpoint),
      ...failures(codes),
    },
  };
}

/**
 * The OpenAPI 3.1 document of the contract's endpoints, errors included.
 *
 * @param secured whether writing needs an API key
 */
export function openApiDocument(
  version: string,
  secured = false,
): ReturnType<typeof createDocument> {
  const documented: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const [id, endpoint] of Object.entries<Endpoint>(endpoints))
    (documented[endpoint.path] ??= {})[endpoint.method] = operation(id, endpoint, secured);
  return createDocument({
    openapi: "3.1.0",
    info: {
      title: "Berth",
      version,
      description: "Classifies texts with a BERT model and keeps the answers.",
    },
    paths: documented,
    ...(secured && {
      components: {
        securitySchemes: {
          [securityScheme]: {
            type: "http",
            scheme: "bearer",
            description: "The service's API key (setting API_KEY)",
          },
        },
      },
    }),
  });
}
