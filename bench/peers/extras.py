"""What only some servers are asked: gRPC, a large batch, and Hythe's own measure of its handler."""

from __future__ import annotations

import io
import json
import statistics
import time
from dataclasses import replace

from fixtures.serving import NAMED, Demo
from load import inference
from load.metrics import median_us, scrape
from load.target import Target
from load.wrk import wrk

from peers.turn import Running

ARROW = "application/vnd.apache.arrow.stream"
CALLERS = 16
BATCH_ROWS = 10_000
FORMS = ("tensor", "columns")


class WrongAnswer(RuntimeError):
    """A server answered other than the original does."""


def hythe_extras(at: Running, demo: Demo, *, seconds: int = 2, tries: int = 3) -> dict[str, float]:
    """Measure Hythe's handler, and a large batch."""
    return {"handler_us": handler_us(at, demo, seconds), **batch_rates(at.target, demo, tries)}


def infer_rates(
    at: Running, demo: Demo, outputs: tuple[str, ...] = (), *, seconds: int = 2
) -> dict[str, float]:
    """Measure gRPC with both forms of the row: one tensor of all columns, and a tensor for each."""
    requests = {
        "tensor": inference.as_tensor(NAMED, demo.rows[0], outputs),
        "columns": inference.as_columns(NAMED, demo.rows[0], outputs),
    }
    return grpc_rates(at, demo, requests, seconds)


def grpc_rates(at: Running, demo: Demo, requests: dict[str, bytes], seconds: int) -> dict[str, float]:
    """Give the answers a second of each form, from callers that all servers share.

    Raises:
        WrongAnswer: when the first answer is not the original's.

    """
    port, key = at.place.grpc_port, at.target.authorization
    for form, request in requests.items():
        doubles = inference.ask(port, request, key)
        if not any(demo.right(value) for value in doubles):
            raise WrongAnswer(f"{at.peer.name}, gRPC, {form}: {doubles}, not {demo.expected[0]}")
    return {
        f"grpc_{form}": inference.rate(
            port, request, demo.folder, callers=CALLERS, seconds=seconds, authorization=key
        )
        for form, request in requests.items()
    }


def handler_us(at: Running, demo: Demo, seconds: int) -> float:
    """Give the median time of a request in the server beyond the model's call's, decoding included."""
    bodies = demo.folder / f"{at.peer.name}.jsonl"
    before = scrape(at.target)
    wrk(at.target, bodies, connections=1, seconds=seconds)
    after = scrape(at.target)
    whole, model = (
        median_us(before, after, f"hythe_{part}_duration_seconds") for part in ("request", "inference")
    )
    return whole - model


def batch_rates(target: Target, demo: Demo, tries: int) -> dict[str, float]:
    """Give rows a second of one large batch, as JSON objects and as Arrow, taking turns."""
    table = demo.table(BATCH_ROWS)
    bodies = {
        "json": (target, json.dumps({"rows": table.to_dict("records")}).encode()),
        "arrow": (replace(target, content_type=ARROW), arrow(table)),
    }
    taken: dict[str, list[float]] = {name: [] for name in bodies}
    for where, body in bodies.values():
        where.ask(body)  # the first table brings pyarrow into the worker
    for _ in range(tries):
        for name, (where, body) in bodies.items():
            begun = time.perf_counter()
            status, _answer = where.ask(body)
            if status == 200:
                taken[name].append(time.perf_counter() - begun)
    return {f"rows_{name}": BATCH_ROWS / statistics.median(times) for name, times in taken.items() if times}


def arrow(table: object) -> bytes:
    """Write a table as an Arrow IPC stream."""
    import pyarrow as pa

    batch, sink = pa.Table.from_pandas(table, preserve_index=False), io.BytesIO()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_table(batch)
    return sink.getvalue()
