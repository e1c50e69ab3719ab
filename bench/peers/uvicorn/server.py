"""Plain uvicorn (uvloop, httptools) with ONNX Runtime called in the handler: no framework, no batching."""

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnxruntime
import uvicorn

FOLDER = Path(os.environ["BENCH_FOLDER"])
NAMES = json.loads((FOLDER / "names.json").read_text())
Row = msgspec.defstruct("Row", [(name, float) for name in NAMES])
DECODE = msgspec.json.Decoder(Row).decode
ENCODE = msgspec.json.Encoder().encode
OPTIONS = onnxruntime.SessionOptions()
OPTIONS.intra_op_num_threads = 1
RUN = onnxruntime.InferenceSession(FOLDER / "model.onnx", OPTIONS).run
HEADERS = [(b"content-type", b"application/json")]

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Answer one row."""
    if scope["type"] != "http":
        return
    message = await receive()
    body = message["body"]
    while message["more_body"]:
        message = await receive()
        body += message["body"]
    try:
        row = msgspec.structs.astuple(DECODE(body))
        answer, status = (
            {"probabilities": RUN(["probabilities"], {"numbers": np.array([row])})[0][0].tolist()},
            200,
        )
    except msgspec.DecodeError as err:
        answer, status = {"error": str(err)}, 422
    written = ENCODE(answer)
    length = (b"content-length", str(len(written)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*HEADERS, length]})
    await send({"type": "http.response.body", "body": written})


if __name__ == "__main__":
    uvicorn.run(
        app, port=int(os.environ["BENCH_PORT"]), loop="uvloop", http="httptools", lifespan="off",
        log_level="warning", access_log=False,
    )  # fmt: skip
