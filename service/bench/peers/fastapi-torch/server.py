"""The stack that Berth replaces: FastAPI, uvicorn and torch, one text a request. README.md in the parent folder has its settings.

Settings, as environment variables: PEER_MODEL_DIR, PEER_PORT, PEER_HISTORY (a file), PEER_WORKERS, PEER_TORCH_THREADS,
PEER_AT_ONCE (requests computed at once in a worker), PEER_ENDPOINT (def or async), PEER_COMPILE, PEER_INT8, PEER_END_WITH_PARENT (1 or 0).
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio.to_thread
import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel

WORKERS = int(os.environ.get("PEER_WORKERS", "1"))
TORCH_THREADS = int(os.environ.get("PEER_TORCH_THREADS", "1"))
AT_ONCE = int(os.environ.get("PEER_AT_ONCE", "1"))
# Before torch is imported: threads that spin between operations would take the cores from other workers.
os.environ["OMP_NUM_THREADS"] = str(TORCH_THREADS)


class Text(BaseModel):
    """What is sent."""

    text: str


def load() -> tuple[Any, str]:
    """The proved classifier, and how it computes: compiled if that is wanted and works here, as it is otherwise."""
    from classifier import Classifier

    folder = Path(os.environ["PEER_MODEL_DIR"])
    if os.environ.get("PEER_INT8") == "1":
        return Classifier(folder, int8=True), "torch dynamic int8"
    if os.environ.get("PEER_COMPILE") == "1":
        try:
            compiled = Classifier(folder, compiled=True)
            # Compiles here, not under the first requests.
            for words in (2, 8, 30, 60, 120, 250) * 2:
                compiled.probabilities("word " * words)
            compiled.prove()
            return compiled, "torch.compile"
        except RuntimeError as error:
            # No compiler, or no headers of Python.
            print(f"torch.compile does not work here: {error}", file=sys.stderr, flush=True)
    plain = Classifier(folder)
    plain.prove()
    return plain, "eager"


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Loads and proves the model in each worker before it takes requests."""
    import torch

    torch.set_num_threads(TORCH_THREADS)
    # FastAPI runs `def` endpoints on up to 40 threads, which would only take the cores from each other.
    anyio.to_thread.current_default_thread_limiter().total_tokens = AT_ONCE
    app.state.classifier, how = load()
    # One line an answer, handed to the operating system at once: the cheapest history there is.
    with open(os.environ.get("PEER_HISTORY", os.devnull), "a", encoding="utf-8", buffering=1) as history:
        app.state.history = history
        print(f"worker ready: {how}", flush=True)
        yield


app = FastAPI(lifespan=lifespan)


def answer(text: str) -> dict[str, Any]:
    """Classifies, keeps the answer, and gives it."""
    classifier = app.state.classifier
    probabilities = classifier.probabilities(text)
    scores = sorted(zip(classifier.labels, probabilities), key=lambda pair: -pair[1])
    found = {
        "id": str(uuid.uuid4()),
        "label": scores[0][0],
        "confidence": scores[0][1],
        "scores": [{"label": label, "score": score} for label, score in scores],
    }
    app.state.history.write(json.dumps({**found, "text": text, "createdAt": datetime.now(UTC).isoformat()}) + "\n")
    return found


# response_class: without it FastAPI walks the answer a second time to make it JSON.
if os.environ.get("PEER_ENDPOINT", "def") == "async":

    @app.post("/api/analyze", response_class=JSONResponse)
    async def analyze(body: Text) -> JSONResponse:
        """One text."""
        return JSONResponse(await anyio.to_thread.run_sync(answer, body.text))

else:

    @app.post("/api/analyze", response_class=JSONResponse)
    def analyze(body: Text) -> JSONResponse:
        """One text."""
        return JSONResponse(answer(body.text))


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    """Alive, with the model loaded."""
    return {"status": "ok", "worker": str(os.getpid())}


def end_with_parent() -> None:
    """Ends this process when whoever started it is gone, which closes its standard input."""
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    if os.environ.get("PEER_END_WITH_PARENT") == "1":
        threading.Thread(target=end_with_parent, daemon=True).start()
    sys.exit(
        uvicorn.run(
            "server:app",
            host="127.0.0.1",
            port=int(os.environ["PEER_PORT"]),
            workers=WORKERS,
            access_log=False,
            log_level="warning",
        )
    )
