import { z } from "zod";
import { ports } from "./ports";
import { servedModel } from "./served-model";

const count = (from: number, to: number) =>
  z
    .string()
    .regex(/^\d+$/, "must be a whole number")
    .transform(Number)
    .pipe(z.int().min(from).max(to));
const folder = z.string().min(1, "must name a folder");

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
  INFERENCE_PROCESSES: {
    parse: count(1, 256),
    meaning: "Inference processes, one thread each; one per available CPU when unset",
  },
  QUEUE_LIMIT: {
    parse: count(1, 100_000),
    default: "256",
    meaning: "Requests that may wait for inference",
  },
  BATCH_TOKENS: {
    parse: count(16, 65_536),
    default: "1024",
    meaning: "Most tokens in one batch, padding included",
  },
  RATE_LIMIT_PER_SECOND: {
    parse: count(1, 1_000_000),
    default: "20",
    meaning: "Analyses per second that one client address may keep up; loopback is not limited",
  },
  RATE_LIMIT_BURST: {
    parse: count(1, 1_000_000),
    default: "60",
    meaning: "Analyses that one client address may send at once",
  },
  TRUSTED_PROXIES: {
    parse: count(0, 10),
    default: "0",
    meaning: "Proxies in front whose X-Forwarded-For is believed",
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
