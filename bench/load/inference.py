"""The Open Inference Protocol over gRPC: one row as a message, and a closed loop of callers.

Run as `python -m load.inference PORT FILE CALLERS SECONDS AUTHORIZATION`, in a process of its own, it sends
the message in FILE from so many callers and prints one JSON document. The bytes are sent as they are, so that
the client costs the same for every server.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

METHOD = "/inference.GRPCInferenceService/ModelInfer"
FOLDER = Path(__file__).parents[1]


def as_tensor(model: str, row: Mapping[str, float], outputs: tuple[str, ...] = ()) -> bytes:
    """Write a request with all columns in one tensor of [1, columns]."""
    from tritonclient.grpc import service_pb2 as message

    request = message.ModelInferRequest(model_name=model)
    tensor = request.inputs.add(name="row", datatype="FP64", shape=[1, len(row)])
    tensor.contents.fp64_contents.extend(row.values())
    for output in outputs:
        request.outputs.add(name=output)
    return bytes(request.SerializeToString())


def as_columns(model: str, row: Mapping[str, float], outputs: tuple[str, ...] = ()) -> bytes:
    """Write a request with a tensor of [1, 1] for each column, which MLServer is told to read as a table."""
    from tritonclient.grpc import service_pb2 as message

    request = message.ModelInferRequest(model_name=model)
    request.parameters["content_type"].string_param = "pd"
    for column, value in row.items():
        request.inputs.add(name=column, datatype="FP64", shape=[1, 1]).contents.fp64_contents.append(value)
    for output in outputs:
        request.outputs.add(name=output)
    return bytes(request.SerializeToString())


def ask(port: int, request: bytes, authorization: str = "") -> list[float]:
    """Send one request, and give every double of the answer, in order."""
    import grpc
    import numpy as np
    from tritonclient.grpc import service_pb2 as message

    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        answer = message.ModelInferResponse.FromString(
            channel.unary_unary(METHOD)(
                request, timeout=30, metadata=metadata(authorization), wait_for_ready=True
            )
        )
    doubles: list[float] = []
    for at, output in enumerate(answer.outputs):
        if output.datatype == "FP64":
            raw = answer.raw_output_contents
            doubles += np.frombuffer(raw[at], "<f8").tolist() if raw else output.contents.fp64_contents
    return doubles


def rate(
    port: int, request: bytes, folder: Path, *, callers: int, seconds: float, authorization: str
) -> float:
    """Load a server from a process of its own; give the answers a second."""
    file = folder / "request.bin"
    file.write_bytes(request)
    told = [str(port), str(file), str(callers), str(seconds), authorization]
    command = [sys.executable, "-m", "load.inference", *told]
    done = subprocess.run(
        command, cwd=FOLDER, check=True, capture_output=True, text=True, timeout=seconds + 60,
        env={**os.environ, "PYTHONPATH": str(FOLDER)},
    )  # fmt: skip
    return float(json.loads(done.stdout)["rate"])


async def _load(port: int, request: bytes, callers: int, seconds: float, authorization: str) -> float:
    import grpc

    key = metadata(authorization)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        infer = channel.unary_unary(METHOD)
        await infer(request, metadata=key)
        begun = time.perf_counter()

        async def call() -> int:
            answered = 0
            while time.perf_counter() - begun < seconds:
                await infer(request, metadata=key)
                answered += 1
            return answered

        counts = await asyncio.gather(*(call() for _ in range(callers)))
        return sum(counts) / (time.perf_counter() - begun)


def metadata(authorization: str) -> tuple[tuple[str, str], ...]:
    """Give what goes with a request: who asks."""
    return (("authorization", authorization),) if authorization else ()


def main(arguments: list[str]) -> None:
    """Run the closed loop that the arguments ask for."""
    port, file, callers, seconds, authorization = arguments
    loaded = _load(int(port), Path(file).read_bytes(), int(callers), float(seconds), authorization)
    print(json.dumps({"rate": asyncio.run(loaded)}))


if __name__ == "__main__":
    main(sys.argv[1:])
