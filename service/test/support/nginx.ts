import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { childrenOf, exists } from "./processes";

/**
 * A real nginx in front of replicas, on loopback and with a folder of its own. As a cluster's Ingress does, it is told
 * which replicas are ready, and keeps connections to them.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive
 */
export class Nginx {
  private generation = 0;

  private constructor(
    private readonly options: {
      readonly program: string;
      readonly folder: string;
      readonly port: number;
    },
    private readonly child: ChildProcess,
  ) {}

  /** @param port that it listens on; `upstreams` are the replicas' */
  static async start(
    options: { readonly program: string; readonly folder: string; readonly port: number },
    upstreams: readonly number[],
  ): Promise<Nginx> {
    const { program, folder, port } = options;
    mkdirSync(join(folder, "temp"), { recursive: true });
    writeConfiguration(options, upstreams, 0);
    const child = spawn(program, ["-p", folder, "-c", "nginx.conf", "-e", "error.log"], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const nginx = new Nginx(options, child);
    const ended = once(child, "exit").then(([code]) => {
      throw new Error(`nginx on port ${port} ended with ${code}; see ${folder}/error.log`);
    });
    ended.catch(() => {});
    await Promise.race([nginx.serves(0), ended]);
    return nginx;
  }

  /** Sends requests to these replicas, and to no others once this resolves. */
  async use(upstreams: readonly number[]): Promise<void> {
    const workers = childrenOf(this.child.pid!);
    this.generation++;
    writeConfiguration(this.options, upstreams, this.generation);
    this.child.kill("SIGHUP");
    await this.serves(this.generation);
    // Workers that were told of others go on until they have answered what they took.
    while (workers.some(exists)) await pause(10);
  }

  /** What nginx complains of, for the message of a test that fails. */
  complaints(): string[] {
    return readFileSync(join(this.options.folder, "error.log"), "utf8")
      .split("\n")
      .filter((line) => line !== "");
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const exited = once(this.child, "exit");
    this.child.kill("SIGTERM");
    await exited;
  }

  private async serves(generation: number): Promise<void> {
    const url = `http://127.0.0.1:${this.options.port}/generation`;
    for (;;) {
      const answer = await fetch(url, { headers: { Connection: "close" } }).catch(() => undefined);
      if ((await answer?.text()) === String(generation)) return;
      await pause(10);
    }
  }
}

function writeConfiguration(
  { folder, port }: { readonly folder: string; readonly port: number },
  upstreams: readonly number[],
  generation: number,
): void {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `  ${name}_temp_path temp/${name};`)
    .join("\n");
  const servers = upstreams.map((upstream) => `    server 127.0.0.1:${upstream};`).join("\n");
  writeFileSync(
    join(folder, "nginx.conf"),
    `daemon off;
worker_processes 1;
pid nginx.pid;
error_log error.log warn;
events { worker_connections 1024; }
http {
${temporary}
  # What became of each request, at each replica that it was sent to.
  log_format attempts '$status upstream=$upstream_addr status=$upstream_status';
  access_log access.log attempts;
  upstream berth {
${servers}
    keepalive 16;
  }
  server {
    listen 127.0.0.1:${port};
    location = /generation { return 200 "${generation}"; }
    location / {
      proxy_pass http://berth;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      # nginx's own defaults, said: a POST is sent again only where it was not sent at all.
      proxy_next_upstream error timeout;
    }
  }
}
`,
  );
}
