import { z } from "zod";
import { componentName } from "./names";
import { ports } from "./ports";
import { servedModel } from "./served-model";

const count = (from: number, to: number) =>
  z
    .string()
    .regex(/^\d+$/, "must be a whole number")
    .transform(Number)
    .pipe(z.int().min(from).max(to));
const folder = z.string().min(1, "must name a folder");

/** Exact origins, as browsers send them: a wildcard, a path or a trailing slash would match nothing, or too much. */
const origins = z
  .string()
  .transform((text) => text.split(",").map((one) => one.trim()))
  .pipe(
    z.array(
      z.string().refine(isOrigin, {
        error: ({ input }) =>
          `${JSON.stringify(input)} is no origin; write https://host or http://host:port, without a path`,
      }),
    ),
  );

function isOrigin(text: string): boolean {
  return /^https?:[^*]*$/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

/** One setting of the service: an environment variable, how it is read, and what it means. */
interface Setting {
  readonly parse: z.ZodType<unknown, string>;
  /** The text that stands in for a variable that is unset. Without one, the setting is `undefined` when unset. */
  readonly default?: string;
  readonly meaning: string;
  /** Never printed or logged. */
  readonly secret?: true;
}

/** Every setting of the service. Its parser, the Deployment's env and README's table come from here. */
export const settings = {
  HOST: {
    parse: z.string().min(1),
    default: "127.0.0.1",
    meaning: "Address that the service listens on; 0.0.0.0 for every interface",
  },
  PORT: {
    parse: count(0, 65_535),
    default: String(ports.service),
    meaning: "TCP port; 0 takes any free one",
  },
  LOG_LEVEL: {
    parse: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]),
    default: "info",
    meaning: "Least severe log line that is written",
  },
  LOG_TEXTS: {
    parse: z.enum(["true", "false"]).transform((text) => text === "true"),
    default: "false",
    meaning: "Whether the log has the text of each answer, cut to 500 characters: what users wrote",
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    parse: z.url({ protocol: /^https?$/ }),
    meaning:
      "Base address of a collector that takes OpenTelemetry's protocol over HTTP, such as http://collector:4318; no traces when unset",
  },
  OTEL_SERVICE_NAME: {
    parse: z.string().min(1),
    default: componentName("service"),
    meaning: "Name of the service in its traces",
  },
  OTEL_TRACES_SAMPLER_ARG: {
    parse: z
      .string()
      .regex(/^(0(\.\d+)?|1(\.0+)?)$/, "must be a number from 0 to 1")
      .transform(Number),
    default: "0.05",
    meaning:
      "Share of the traces that begin here which are exported; a caller's traceparent decides for its own",
  },
  MODEL_NAME: { parse: z.string().min(1), default: servedModel.name, meaning: "Model to serve" },
  MODEL_VERSION: { parse: z.string().min(1), default: servedModel.version, meaning: "Its version" },
  MODEL_SHA256: {
    parse: z.string().regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hex digits"),
    default: servedModel.manifestSha256,
    meaning: "sha256 that its manifest.json must have",
  },
  MODEL_DIR: {
    parse: folder,
    meaning:
      "Folder that holds models/<name>/<version>/; the bundled model when unset. With MODEL_BUCKET, the cache",
  },
  MODEL_BUCKET: {
    parse: z.string().min(3),
    meaning: "S3 bucket to fetch the model from; none when unset",
  },
  AWS_REGION: { parse: z.string().min(1), meaning: "Region of the bucket" },
  AWS_ENDPOINT_URL_S3: {
    parse: z.url(),
    meaning: "Another S3 endpoint, for tests and S3-compatible stores",
  },
  MONGODB_URI: {
    parse: z
      .string()
      .regex(/^mongodb(\+srv)?:\/\//, "must begin with mongodb:// or mongodb+srv://"),
    meaning: "MongoDB for the history; the embedded store when unset",
    secret: true,
  },
  DATA_DIR: {
    parse: folder,
    default: ".berth",
    meaning: "Folder of the embedded history, or of the journal in front of MongoDB",
  },
  JOURNAL_LIMIT: {
    parse: count(1, 10_000_000),
    default: "100000",
    meaning:
      "Answers kept on disk while MongoDB is away; beyond these and 1,000 in memory, the newest are dropped and counted",
  },
  HISTORY_RETENTION_DAYS: {
    // MongoDB counts the seconds in 31 bits.
    parse: count(1, 24_855),
    meaning: "Days after which history entries are deleted; they are kept for ever when unset",
  },
  INFERENCE_PROCESSES: {
    parse: count(1, 256),
    meaning:
      "Inference processes, one thread each; when unset, one for each CPU that the container may use, as far as its memory has room",
  },
  QUEUE_LIMIT: {
    parse: count(1, 100_000),
    meaning:
      "Requests that may wait for inference; when unset, 64 for each process, as far as the container's memory has room",
  },
  BATCH_TOKENS: {
    parse: count(16, 65_536),
    default: "512",
    meaning: "Most tokens in one batch, padding included",
  },
  ANSWER_CACHE_MIB: {
    parse: count(0, 4_096),
    default: "8",
    meaning: "Memory for answers to texts that come again, in MiB; 0 turns the cache off",
  },
  RATE_LIMIT_PER_SECOND: {
    parse: count(1, 1_000_000),
    default: "20",
    meaning:
      "Texts per second that one client address may keep up, batches and streams included; loopback is not limited",
  },
  RATE_LIMIT_BURST: {
    parse: count(1, 1_000_000),
    default: "60",
    meaning:
      "Texts that one client address may send at once; a larger batch needs all of it and takes the rest in advance",
  },
  TRUSTED_PROXIES: {
    parse: count(0, 10),
    default: "0",
    meaning: "Proxies in front whose X-Forwarded-For is believed",
  },
  API_KEY: {
    parse: z
      .string()
      .regex(
        /^[A-Za-z0-9\-._~+/]{16,256}=*$/,
        "must be 16 to 256 letters, digits or any of -._~+/, with = at its end only",
      ),
    meaning: "Key that analyses and deletes need as Authorization: Bearer <key>; none when unset",
    secret: true,
  },
  CORS_ORIGINS: {
    parse: origins,
    meaning:
      "Origins whose pages may call the API, comma-separated, such as https://news.example; none when unset",
  },
  WEB_DIR: { parse: folder, meaning: "Folder of the built page to serve at /; none when unset" },
} as const satisfies Record<string, Setting>;

/** Name of a setting, which is its environment variable. */
export type SettingName = keyof typeof settings;

type Value<S extends Setting> = S extends { default: string }
  ? z.output<S["parse"]>
  : z.output<S["parse"]> | undefined;

/** The parsed settings. */
export type Settings = { readonly [N in SettingName]: Value<(typeof settings)[N]> };

/** Settings given as text, as a Deployment's env gives them. A name that does not exist does not compile. */
export type SettingsEnv = { readonly [N in SettingName]?: string };

/** All faults of an environment at once. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  constructor(readonly faults: readonly string[]) {
    super(`The settings are wrong:\n- ${faults.join("\n- ")}`);
  }
}

/**
 * Reads the settings out of environment variables. An empty variable counts as unset.
 *
 * @throws {SettingsError} naming every variable that is wrong, what it holds and what is allowed
 */
export function parseSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings) as [string, Setting][]) {
    const text = env[name] || setting.default;
    if (text === undefined) continue;
    const result = setting.parse.safeParse(text);
    if (result.success) values[name] = result.data;
    else {
      const reasons = result.error.issues.map((issue) => issue.message).join("; ");
      const shown = setting.secret ? "(hidden)" : JSON.stringify(text);
      faults.push(`${name} is ${shown}: ${reasons} (${setting.meaning})`);
    }
  }
  if (values.MODEL_BUCKET !== undefined && values.AWS_REGION === undefined)
    faults.push("MODEL_BUCKET is set but AWS_REGION is not: set it to the bucket's region");
  if (faults.length > 0) throw new SettingsError(faults);
  return values as Settings;
}
