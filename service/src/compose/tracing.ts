import type { Settings } from "@berth/contract";
import type { OpenTelemetryTracerOptions } from "../adapters/open-telemetry-tracer";
import type { Tracer } from "../ports/tracer";

type TracingSettings = Pick<
  Settings,
  "OTEL_EXPORTER_OTLP_ENDPOINT" | "OTEL_SERVICE_NAME" | "OTEL_TRACES_SAMPLER_ARG"
>;

/** The tracer that the settings name; none without a collector, and then nothing of OpenTelemetry is loaded. */
export async function openTracer(
  settings: TracingSettings,
  options: Omit<OpenTelemetryTracerOptions, "endpoint" | "serviceName" | "ratio">,
): Promise<Tracer | undefined> {
  const endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined) return undefined;
  const { OpenTelemetryTracer } = await import("../adapters/open-telemetry-tracer");
  return new OpenTelemetryTracer({
    endpoint,
    serviceName: settings.OTEL_SERVICE_NAME,
    ratio: settings.OTEL_TRACES_SAMPLER_ARG,
    ...options,
  });
}
