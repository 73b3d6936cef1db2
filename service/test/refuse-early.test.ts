import { request } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { paths } from "@berth/contract";
import { appForEachTest } from "./support/app-for-each-test";
import type { AppUnderTest } from "./support/app-under-test";

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let app: AppUnderTest;
appForEachTest((started) => ({ app } = started));

function post(headers: Record<string, string> = {}, path: string = paths.analyze): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      app.url + path,
      { method: "POST", headers: { "Content-Type": "application/json", ...headers } },
      (response) => {
        let body = "";
        response.on("data", (chunk) => (body += chunk));
        response.on("end", () =>
          resolve({ status: response.statusCode!, headers: response.headers, body }),
        );
      },
    );
    sent.on("error", reject);
    sent.end('{"text": "a b c"}');
  });
}

/** Requests that fill the queue; they are answered when the runtime is let go. */
async function fill(): Promise<Promise<Answer>[]> {
  app.runtime.hold = true;
  const waiting = Array.from({ length: 6 }, () => post());
  while (app.queue.fullForMs === undefined) await new Promise((resolve) => setImmediate(resolve));
  return waiting;
}

async function letGo(waiting: Promise<Answer>[]): Promise<void> {
  app.runtime.hold = false;
  while (app.runtime.running.length > 0) app.runtime.finish();
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(Array(6).fill(200));
}

describe("a request that comes while the queue is full", () => {
  it("is refused in the application's own words, without reaching it", async () => {
    const waiting = await fill();
    const known = { "X-Request-Id": "same" };
    const early = await post(known);
    // What is asked for with Expect goes to the application.
    const late = await post({ ...known, Expect: "100-continue" });
    const comparable = ({ status, headers: { date, ...headers }, body }: Answer) => {
      expect(date).toBeDefined();
      return { status, headers, body };
    };
    expect(comparable(early)).toEqual(comparable(late));
    expect(early.status).toBe(503);
    expect(JSON.parse(early.body)).toMatchObject({
      error: { code: "queue_full", requestId: "same" },
    });
    expect(Number(early.headers["retry-after"])).toBeGreaterThanOrEqual(1);
    expect(early.headers.connection).toBe("keep-alive");
    await letGo(waiting);
  });

  it("is counted and logged once, as the application counts and logs it", async () => {
    const waiting = await fill();
    const value = async (series: string) => {
      const text = (await app.metrics.expose()).body;
      return Number(
        text
          .split("\n")
          .find((line) => line.startsWith(`${series} `))
          ?.split(" ")[1],
      );
    };
    const counted = async () => [
      await value('requests_refused_total{code="queue_full"}'),
      await value(`http_requests_total{route="${paths.analyze}",method="POST",status="503"}`),
    ];
    const logged = () =>
      app.logged.map((line) => JSON.parse(line) as { reqId?: string; errorCode?: string });
    expect(await counted()).toEqual([0, 0]);
    await post({ "X-Request-Id": "early" });
    expect(await counted()).toEqual([1, 1]);
    expect(logged().filter(({ reqId }) => reqId === "early")).toEqual([
      expect.objectContaining({ errorCode: "queue_full", status: 503, path: paths.analyze }),
    ]);
    await letGo(waiting);
  });

  it("is taken again as soon as there is a place", async () => {
    const waiting = await fill();
    expect((await post()).status).toBe(503);
    await letGo(waiting);
    expect((await post()).status).toBe(200);
  });

  it("leaves every other address alone", async () => {
    const waiting = await fill();
    expect((await fetch(app.url + paths.healthz)).status).toBe(200);
    expect((await post({}, "/api/nothing")).status).toBe(404);
    await letGo(waiting);
  });
});
