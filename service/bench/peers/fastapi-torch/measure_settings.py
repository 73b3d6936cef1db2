"""Prints the goodput of the peer under several settings, in turns: README.md in the parent folder has the table.

Run with the peer's own Python: `measure_settings.py MODEL_DIR [ROUNDS [SECONDS]]`.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

SETTINGS = {
    "1 worker, 1 thread, 2 at once, def": {"PEER_WORKERS": "1", "PEER_TORCH_THREADS": "1", "PEER_AT_ONCE": "2"},
    "1 worker, 1 thread, 1 at once, def": {"PEER_WORKERS": "1", "PEER_TORCH_THREADS": "1", "PEER_AT_ONCE": "1"},
    "1 worker, 1 thread, 40 at once (FastAPI's default), def": {"PEER_WORKERS": "1", "PEER_TORCH_THREADS": "1", "PEER_AT_ONCE": "40"},
    "1 worker, 2 threads, 1 at once, def": {"PEER_WORKERS": "1", "PEER_TORCH_THREADS": "2", "PEER_AT_ONCE": "1"},
    "2 workers, 1 thread, 1 at once, def": {"PEER_WORKERS": "2", "PEER_TORCH_THREADS": "1", "PEER_AT_ONCE": "1"},
    "2 workers, 1 thread, 1 at once, async": {"PEER_WORKERS": "2", "PEER_TORCH_THREADS": "1", "PEER_AT_ONCE": "1", "PEER_ENDPOINT": "async"},
    "2 workers, 2 threads, 1 at once, def": {"PEER_WORKERS": "2", "PEER_TORCH_THREADS": "2", "PEER_AT_ONCE": "1"},
    "2 workers, 1 thread, 1 at once, def, torch.compile": {
        "PEER_WORKERS": "2",
        "PEER_TORCH_THREADS": "1",
        "PEER_AT_ONCE": "1",
        "PEER_COMPILE": "1",
    },
    "2 workers, 1 thread, 1 at once, def, torch dynamic int8": {
        "PEER_WORKERS": "2",
        "PEER_TORCH_THREADS": "1",
        "PEER_AT_ONCE": "1",
        "PEER_INT8": "1",
    },
}
CLIENTS = 8
WORDS = (
    "officials said the company shares rose after talks on a new deal while the team won its final match and researchers "
    "found that software sales fell in the third quarter as oil prices climbed near a record in early trading"
).split()


def texts(manifest: dict) -> list[str]:
    """256 texts with the lengths of the news that the model was measured on."""
    draw = random.Random(1)
    edges, shares = manifest["baseline"]["tokens"]["edges"], manifest["baseline"]["tokens"]["shares"]
    bins = draw.choices(range(len(shares)), shares, k=256)
    return [" ".join(draw.choices(WORDS, k=max(1, round(draw.uniform(edges[b], edges[b + 1])) - 2))) for b in bins]


def post(connection: http.client.HTTPConnection, text: str) -> None:
    """One request, answered rightly or an exception."""
    connection.request("POST", "/api/analyze", json.dumps({"text": text}), {"Content-Type": "application/json"})
    response = connection.getresponse()
    body = response.read()
    if response.status != 200 or "label" not in json.loads(body):
        raise RuntimeError(f"{response.status}: {body[:200]!r}")


class Server:
    """One running peer."""

    def __init__(self, port: int, model: str, settings: dict[str, str]) -> None:
        self.port = port
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("server.py")],
            env=os.environ | {"PEER_MODEL_DIR": model, "PEER_PORT": str(port), "PEER_HISTORY": os.devnull} | settings,
            cwd=Path(__file__).parent,
        )
        deadline = time.monotonic() + 300
        while True:
            try:
                post(http.client.HTTPConnection("127.0.0.1", port, timeout=300), "ready or not")
                return
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.2)

    def goodput(self, sent: list[str], seconds: float) -> float:
        """Answers per second to CLIENTS clients, each of which waits for its answer."""
        counts = [0] * CLIENTS
        end = time.monotonic() + seconds

        def client(number: int) -> None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port)
            draw = random.Random(number + int(end))
            while time.monotonic() < end:
                post(connection, draw.choice(sent))
                counts[number] += 1

        threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(counts) / seconds

    def cpu_seconds(self) -> float:
        """CPU time that it and its workers have taken."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        ticks = 0
        for pid in (self.process.pid, *children):
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """Ends it with its workers."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def main() -> None:
    """Starts all, measures in turns, prints a table."""
    # So that the servers end with this program, however it ends.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    model = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 4
    sent = texts(json.loads((Path(model) / "manifest.json").read_text()))
    servers: dict[str, Server] = {}
    try:
        for number, (name, settings) in enumerate(SETTINGS.items()):
            servers[name] = Server(8900 + number, model, settings)
            # torch.compile compiles for some lengths first.
            servers[name].goodput(sent, 10 if "compile" in name else 2)
            print(f"started: {name}", file=sys.stderr, flush=True)
        rates: dict[str, list[float]] = {name: [] for name in servers}
        costs: dict[str, list[float]] = {name: [] for name in servers}
        for _ in range(rounds):
            for name, server in servers.items():
                before = server.cpu_seconds()
                rates[name].append(server.goodput(sent, seconds))
                costs[name].append((server.cpu_seconds() - before) / (rates[name][-1] * seconds) * 1000)
    finally:
        for server in servers.values():
            server.stop()
    best = "2 workers, 1 thread, 1 at once, def"
    print("| settings | requests/s, median | best | ratio to the peer's, median | CPU ms a request, median |\n| --- | --- | --- | --- | --- |")
    for name, found in rates.items():
        ratio = statistics.median(a / b for a, b in zip(found, rates[best]))
        print(f"| {name} | {statistics.median(found):.0f} | {max(found):.0f} | {ratio:.2f} | {statistics.median(costs[name]):.1f} |")


if __name__ == "__main__":
    main()
