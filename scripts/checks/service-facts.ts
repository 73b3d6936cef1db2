import { parseSettings } from "@berth/contract";
import { openApiDocument } from "../../service/src/http/openapi";
import { ServiceMetrics } from "../../service/src/http/service-metrics";

// Prints what the service makes of the contract; scripts/checks/layers.ts runs it with a changed one.
void new ServiceMetrics().expose().then(({ body }) =>
  console.log(
    JSON.stringify({
      openapi: JSON.stringify(openApiDocument("0.0.0")),
      metrics: body,
      settings: parseSettings({}),
    }),
  ),
);
