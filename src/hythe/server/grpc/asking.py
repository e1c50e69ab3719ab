"""Who calls, and by when an answer is of use: from a call's metadata and deadline."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

from hythe.dataplane.ask import ANYBODY, Ask, Caller
from hythe.dataplane.gate import Gate
from hythe.monitor.records.trace_context import MOST_BYTES
from hythe.server.grpc.status import Context

DOOR = "grpc"
_TIMEOUT = "timeout"
"""Triton's parameter of a request: microseconds that it may take, 0 for no limit."""


def caller_of(gate: Gate | None, context: Context) -> Caller:
    """Identify who calls by the `authorization` or `x-api-key` metadata; raises Unauthenticated."""
    return ANYBODY if gate is None else _identify(gate, _metadata(context))


def ask_of(gate: Gate | None, request: Any, context: Context) -> Ask:
    """Say what a `ModelInferRequest` wants beside the answers to its rows; raises Unauthenticated."""
    metadata = _metadata(context)
    left_s = context.time_remaining()
    left_s = math.inf if left_s is None else left_s
    if _TIMEOUT in request.parameters:
        left_s = min(left_s, (request.parameters[_TIMEOUT].int64_param or math.inf) * 1e-6)
    return Ask(
        version=request.model_version or None,
        caller=ANYBODY if gate is None else _identify(gate, metadata),
        deadline_s=time.monotonic() + left_s,
        trace=metadata.get("traceparent", "")[:MOST_BYTES],
        door=DOOR,
        headers=_Headers(metadata),
    )


class _Headers:
    """A call's metadata, as HTTP's headers are looked at."""

    __slots__ = ("_metadata",)

    def __init__(self, metadata: Mapping[str, str | bytes]) -> None:
        self._metadata = metadata

    def get(self, name: bytes, /) -> bytes | None:
        """Give a value; None where there is none."""
        found = self._metadata.get(name.decode("latin-1"))
        return found.encode() if isinstance(found, str) else found


def _identify(gate: Gate, metadata: Mapping[str, str]) -> Caller:
    return gate.identify(metadata.get("authorization", metadata.get("x-api-key")))


def _metadata(context: Context) -> dict[str, Any]:
    return dict(context.invocation_metadata() or ())
