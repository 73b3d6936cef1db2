import { endpoints, errorResponse, errors } from "@berth/contract";
import type { Endpoint, ErrorCode } from "@berth/contract";
import { createDocument } from "zod-openapi";
import type { ZodOpenApiOperationObject, ZodOpenApiResponseObject } from "zod-openapi";

function success({ response }: Endpoint): ZodOpenApiResponseObject {
  if (response === undefined) return { description: "Done" };
  if (typeof response === "string")
    return { description: "Success", content: { [response]: { schema: { type: "string" } } } };
  return { description: "Success", content: { "application/json": { schema: response } } };
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
          ...(later && {
            headers: {
              "Retry-After": {
                description: "Seconds to wait before trying again",
                schema: { type: "integer", minimum: 1 },
              },
            },
          }),
        },
      ];
    }),
  );
}

function operation(id: string, endpoint: Endpoint): ZodOpenApiOperationObject {
  return {
    operationId: id,
    summary: endpoint.summary,
    requestParams: {
      ...(endpoint.params && { path: endpoint.params }),
      ...(endpoint.query && { query: endpoint.query }),
    },
    ...(endpoint.body && {
      requestBody: { required: true, content: { "application/json": { schema: endpoint.body } } },
    }),
    responses: {
      [String(endpoint.status)]: success(endpoint),
      ...failures([...endpoint.errors, "internal"]),
    },
  };
}

/** The OpenAPI 3.1 document of the contract's endpoints, errors included. */
export function openApiDocument(version: string): ReturnType<typeof createDocument> {
  const documented: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const [id, endpoint] of Object.entries<Endpoint>(endpoints))
    (documented[endpoint.path] ??= {})[endpoint.method] = operation(id, endpoint);
  return createDocument({
    openapi: "3.1.0",
    info: {
      title: "Berth",
      version,
      description: "Classifies texts with a BERT model and keeps the answers.",
    },
    paths: documented,
  });
}
