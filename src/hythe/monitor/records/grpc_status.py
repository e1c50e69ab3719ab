"""The names of gRPC's status codes, for those who read records and have no gRPC."""

from __future__ import annotations

from hythe.monitor.records.call import LATER, Call

GRPC = "grpc"
"""The door whose calls have such a code as their status."""
NAMES = (
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
    "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
)  # fmt: skip


def grpc_status(call: Call) -> str:
    """Name the status of a gRPC call; "" where it is not known, and for other doors.

    >>> grpc_status(Call("id", 1, "failed", "internal", door=GRPC, status=13))
    'INTERNAL'
    """
    if call.door != GRPC or call.flags & LATER or (call.outcome != "answered" and not call.status):
        return ""
    return NAMES[call.status] if 0 <= call.status < len(NAMES) else ""
