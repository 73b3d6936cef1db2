import { endpoints, errors, historyPage, labels, servedModel } from "@berth/contract";
import type {
  AnalyzeResponse,
  ErrorCode,
  HistoryEntry,
  HistoryPage,
  Label,
  ModelResponse,
} from "@berth/contract";

type Name = "analyze" | "listHistory" | "deleteHistoryEntry" | "model";
type Reply = () => Response | Promise<Response>;

/** A UUID version 7 of the given time, which sorts by `sequence` within a millisecond. */
export function uuidv7(timeMs: number, sequence = 0): string {
  const time = timeMs.toString(16).padStart(12, "0");
  const order = sequence.toString(16).padStart(3, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${order}-8000-000000000000`;
}

/** An answer that fits the contract: `first` with `confidence`, and the rest shared by the others. */
export function answerFor(
  first: Label,
  confidence: number,
  changes: Partial<AnalyzeResponse> = {},
): AnalyzeResponse {
  const others = labels.filter((label) => label !== first);
  const weights = others.map((_, i) => 1 / (i + 1));
  const sum = weights.reduce((a, b) => a + b);
  return {
    id: uuidv7(Date.now()),
    label: first,
    confidence,
    unsure: false,
    scores: [
      { label: first, score: confidence },
      ...others.map((label, i) => ({ label, score: ((1 - confidence) * weights[i]!) / sum })),
    ],
    model: { name: servedModel.name, version: servedModel.version },
    tokens: { total: 24, used: 24 },
    truncated: false,
    timingsMs: { clean: 0.31, tokenize: 0.84, queue: 0.12, infer: 14.2, total: 15.9 },
    ...changes,
  };
}

/** A history entry that fits the contract. */
export function entryFor(text: string, label: Label, createdAt: Date, sequence = 0): HistoryEntry {
  return {
    ...answerFor(label, 0.93, { id: uuidv7(createdAt.getTime(), sequence) }),
    text,
    createdAt: createdAt.toISOString(),
  };
}

export const modelAnswer: ModelResponse = {
  name: servedModel.name,
  version: servedModel.version,
  manifestSha256: servedModel.manifestSha256,
  createdAt: "2026-11-20T10:00:00Z",
  architecture: "BertForSequenceClassification",
  labels: [...labels],
  maxTokens: 256,
  maxTextCharacters: 20_000,
  cleaningVersion: "1",
  temperature: 1.4,
  unsureBelow: 0.6,
  evaluation: {
    dataset: "held-out rows",
    rows: 1342,
    accuracy: 0.931,
    macroF1: 0.93,
    ece: 0.012,
    fp32: { accuracy: 0.932, macroF1: 0.931, ece: 0.011 },
  },
  training: {
    base: "MiniLM-L6-H384",
    dataset: "AG News",
    rows: 21_000,
    terms: "research and other non-commercial use",
  },
  licence: "Apache-2.0",
};

/** An error answer as the contract says. */
export function errorAnswer(
  code: ErrorCode,
  {
    retryAfter,
    details = [],
  }: { retryAfter?: string; details?: { path: string; message: string }[] } = {},
): Response {
  return Response.json(
    { error: { code, message: errors[code].message, details, requestId: `request-of-${code}` } },
    {
      status: errors[code].status,
      headers: retryAfter === undefined ? {} : { "retry-after": retryAfter },
    },
  );
}

/** A service behind `fetch`, with a history in memory. Any endpoint can be told what to answer next. */
export class FakeService {
  entries: HistoryEntry[] = [];
  /** Every request, as `POST /path?query`. */
  readonly requests: string[] = [];
  /** What was sent to be analyzed. */
  readonly analyzed: string[] = [];
  /** Decides what an analyzed text gets. */
  classify: (text: string) => AnalyzeResponse = () => answerFor(labels[1], 0.97);
  private readonly replies = new Map<Name, Reply[]>();

  /** Queues an answer that the endpoint gives once, before its usual ones. */
  next(name: Name, reply: Reply): void {
    this.replies.set(name, [...(this.replies.get(name) ?? []), reply]);
  }

  readonly fetch = async (
    input: string | URL | Request,
    init: RequestInit = {},
  ): Promise<Response> => {
    const url = new URL(String(input), "http://page.test");
    const method = (init.method ?? "GET").toUpperCase();
    this.requests.push(`${method} ${url.pathname}${url.search}`);
    const signal = init.signal;
    const answer = this.answer(method, url, init);
    if (!signal) return answer;
    return await Promise.race([
      answer,
      new Promise<never>((_, reject) => {
        const abort = () => reject(new DOMException("Aborted", "AbortError"));
        if (signal.aborted) abort();
        signal.addEventListener("abort", abort);
      }),
    ]);
  };

  private async answer(method: string, url: URL, init: RequestInit): Promise<Response> {
    const { pathname, searchParams } = url;
    if (method === "POST" && pathname === endpoints.analyze.path) {
      const { text } = JSON.parse(String(init.body)) as { text: string };
      this.analyzed.push(text);
      return this.reply("analyze", () => Response.json(this.record(text)));
    }
    if (method === "GET" && pathname === endpoints.listHistory.path)
      return this.reply("listHistory", () => Response.json(this.page(searchParams)));
    if (method === "DELETE")
      return this.reply("deleteHistoryEntry", () => {
        const id = decodeURIComponent(pathname.split("/").at(-1)!);
        const found = this.entries.some((entry) => entry.id === id);
        this.entries = this.entries.filter((entry) => entry.id !== id);
        return found ? new Response(null, { status: 204 }) : errorAnswer("history_entry_not_found");
      });
    if (method === "GET" && pathname === endpoints.model.path)
      return this.reply("model", () => Response.json(modelAnswer));
    return errorAnswer("not_found");
  }

  private async reply(name: Name, usual: Reply): Promise<Response> {
    return await (this.replies.get(name)?.shift() ?? usual)();
  }

  private record(text: string): AnalyzeResponse {
    const answer = this.classify(text);
    this.entries.unshift({ ...answer, text, createdAt: new Date().toISOString() });
    return answer;
  }

  private page(query: URLSearchParams): HistoryPage {
    const label = query.get("label");
    const cursor = query.get("cursor");
    const limit = Number(query.get("limit") ?? historyPage.default);
    const matching = this.entries
      .filter((entry) => label === null || entry.label === label)
      .filter((entry) => cursor === null || entry.id < cursor);
    const entries = matching.slice(0, limit);
    return { entries, nextCursor: matching.length > limit ? entries.at(-1)!.id : null };
  }
}
