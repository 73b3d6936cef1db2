"use strict";
const { spawnSync } = require("node:child_process");
const { mkdtempSync, rmSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { freePort, withServer } = require("./background");
const { loadContract } = require("./readme");
const { installPrometheus } = require("./tools");

/** How long the service may take to be ready, and Prometheus to have scraped it. */
const limitMs = 60_000;

/** A gauge with the name of a counter: what promtool must not take. */
const badlyNamed = "# HELP bad_total A gauge.\n# TYPE bad_total gauge\nbad_total 1\n";

/** What promtool says against metrics; empty if nothing. */
function lint(promtool, metrics) {
  const { status, stdout, stderr, error } = spawnSync(promtool, ["check", "metrics"], {
    input: metrics,
    encoding: "utf8",
  });
  if (error !== undefined) throw error;
  const said = `${stdout}${stderr}`.trim();
  return said === "" && status !== 0 ? `promtool ended with ${status}` : said;
}

/** Asks until something holds of the answer. @returns the answer */
async function until(what, ask, holds) {
  const startedAt = Date.now();
  for (;;) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined && holds(answer)) return answer;
    if (Date.now() - startedAt > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** @returns {Promise<any>} */
async function json(url) {
  return (await fetch(url)).json();
}

/**
 * What Prometheus has not scraped as the contract declares it.
 *
 * @param {string} url of Prometheus
 * @param {{name: string, type: string, help: string}[]} metrics
 * @returns {Promise<string[]>} one sentence a fault
 */
async function missingIn(url, metrics) {
  const { data: known } = await json(`${url}/api/v1/metadata`);
  const faults = [];
  for (const { name, type, help } of metrics) {
    const series = type === "histogram" ? `${name}_bucket` : name;
    const { data } = await json(
      `${url}/api/v1/query?query=${encodeURIComponent(`count(${series})`)}`,
    );
    if (data.result.length === 0) faults.push(`${name} has no series`);
    const [scraped] = known[name] ?? [];
    if (scraped?.type !== type) faults.push(`${name} is a ${scraped?.type}, not a ${type}`);
    else if (scraped.help !== help) faults.push(`${name} says: ${scraped.help}`);
  }
  return faults;
}

/** The service's metrics, held against promtool and scraped by a real Prometheus. */
async function verifyMetrics(root, folder, tally) {
  const { prometheus, promtool } = await installPrometheus(folder);
  const { metrics, paths } = loadContract();
  const data = mkdtempSync(join(tmpdir(), "berth-metrics-"));
  const [port, prometheusPort] = [await freePort(), await freePort()];
  const service = `http://127.0.0.1:${port}`;

  const lintScrape = () =>
    tally.check("promtool finds no fault in the metrics of the running service", async () => {
      const said = lint(promtool, await (await fetch(service + paths.metrics)).text());
      if (said !== "") throw new Error(said);
      if (lint(promtool, badlyNamed) === "") throw new Error("promtool takes badly named metrics");
    });

  const scrapeForReal = () =>
    tally.check("Prometheus scrapes every metric of the contract", async () => {
      const config = join(data, "prometheus.yml");
      const target = { targets: [`127.0.0.1:${port}`] };
      writeFileSync(
        config,
        JSON.stringify({
          global: { scrape_interval: "1s", scrape_timeout: "1s" },
          scrape_configs: [
            { job_name: "berth", metrics_path: paths.metrics, static_configs: [target] },
          ],
        }),
      );
      const args = [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(data, "tsdb")}`,
        `--web.listen-address=127.0.0.1:${prometheusPort}`,
      ];
      await withServer({ command: prometheus, args, port: prometheusPort, cwd: data }, async () => {
        const url = `http://127.0.0.1:${prometheusPort}`;
        await until(
          "Prometheus has scraped the service",
          () => json(`${url}/api/v1/query?query=up`),
          ({ data: { result } }) => result[0]?.value[1] === "1",
        );
        const faults = await missingIn(url, Object.values(metrics));
        if (faults.length > 0) throw new Error(faults.join("\n"));
        const misspelt = { ...metrics.predictions, name: "predicitons_total" };
        if ((await missingIn(url, [misspelt])).length === 0)
          throw new Error("a metric that does not exist is found in Prometheus");
      });
    });

  const env = { ...process.env, PORT: String(port), DATA_DIR: join(data, "service") };
  const args = [join(root, "service", "dist", "main.js")];
  try {
    await withServer({ command: process.execPath, args, port, env }, async () => {
      await until(
        "the service is ready",
        () => fetch(service + paths.readyz),
        ({ ok }) => ok,
      );
      const { status } = await fetch(service + paths.analyze, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ text: "Shares of the retailer fell." }),
      });
      if (status !== 200) throw new Error(`an analysis was answered with ${status}`);
      await lintScrape();
      await scrapeForReal();
    });
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

module.exports = { verifyMetrics };
