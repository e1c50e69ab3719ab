"""Errors as gRPC statuses, in one table."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

from google.protobuf.message import DecodeError
from grpc import StatusCode
from grpc.aio import ServicerContext

from hythe.base.errors import Busy, HytheError, Malformed, Unavailable
from hythe.base.http_errors import sentence
from hythe.dataplane.faults import FAULTS

Context: TypeAlias = "ServicerContext[Any, Any]"
STATUS: dict[str, StatusCode] = {
    "invalid": StatusCode.INVALID_ARGUMENT,
    "malformed": StatusCode.INVALID_ARGUMENT,
    "too_large": StatusCode.OUT_OF_RANGE,
    "not_found": StatusCode.NOT_FOUND,
    "conflict": StatusCode.ABORTED,
    "unauthenticated": StatusCode.UNAUTHENTICATED,
    "denied": StatusCode.PERMISSION_DENIED,
    "untrusted": StatusCode.PERMISSION_DENIED,
    "unsupported": StatusCode.UNIMPLEMENTED,
    "cancelled": StatusCode.CANCELLED,
    "busy": StatusCode.RESOURCE_EXHAUSTED,
    "unavailable": StatusCode.UNAVAILABLE,
    "timed_out": StatusCode.DEADLINE_EXCEEDED,
    "corrupt": StatusCode.DATA_LOSS,
    "internal": StatusCode.INTERNAL,
}
"""The status of every word code. Too many rows are OUT_OF_RANGE: clients may repeat RESOURCE_EXHAUSTED."""
_UNAVAILABLE_RETRY_S = 1.0


def status_of(err: HytheError) -> StatusCode:
    """Find the status of an error."""
    return STATUS.get(err.code, StatusCode.INTERNAL)


def explained(err: Exception) -> HytheError:
    """Give what a client may know of an error: ours as they are, others as one sentence with the log's id."""
    if isinstance(err, DecodeError):
        return Malformed(f"the message cannot be read: {err}; send the protocol's")
    return FAULTS.spoken(err)


async def refuse(context: Context, err: HytheError) -> None:
    """End a call with the error's status, message, word code and, where repeating helps, when to."""
    metadata = [("hythe-code", err.code)]
    wait_s = _retry_after_s(err)
    if wait_s is not None:
        metadata.append(("retry-after", str(math.ceil(wait_s))))
        # What the retry policies of gRPC's own clients go by (gRFC A6).
        metadata.append(("grpc-retry-pushback-ms", str(math.ceil(wait_s * 1e3))))
    await context.abort(status_of(err), sentence(err), tuple(metadata))


def _retry_after_s(err: HytheError) -> float | None:
    if isinstance(err, Busy):
        return err.retry_after_s
    return _UNAVAILABLE_RETRY_S if isinstance(err, Unavailable) else None
