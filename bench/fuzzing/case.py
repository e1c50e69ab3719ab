"""One hostile request as bytes, what it is owed, and how it is kept in a file to be sent again."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What goes over one connection, or into one gRPC call.

    `pieces` are sent one after the other. `owed` is the least number of replies; with 0 the server may stay
    silent and close. `abrupt` says that it may reset the connection, because more comes than it takes.
    `forbidden` must not be in what comes back. `method` is set for gRPC calls alone: the method's path;
    `raw_grpc` sends the pieces to gRPC's port as they are.
    """

    number: int
    door: str
    what: str
    pieces: tuple[bytes, ...]
    owed: int = 1
    abrupt: bool = False
    forbidden: bytes = b""
    method: str = ""
    raw_grpc: bool = False

    def document(self) -> dict[str, Any]:
        """Write the case for a file."""
        pieces = [base64.b64encode(piece).decode() for piece in self.pieces]
        return asdict(self) | {"pieces": pieces, "forbidden": base64.b64encode(self.forbidden).decode()}

    def line(self) -> str:
        """Write the case as one line of JSON."""
        return json.dumps(self.document())

    @classmethod
    def read(cls, line: str) -> Case:
        """Read what `line` wrote."""
        document = json.loads(line)
        document["pieces"] = tuple(base64.b64decode(piece) for piece in document["pieces"])
        document["forbidden"] = base64.b64decode(document["forbidden"])
        return cls(**{name: document[name] for name in document if name in cls.__slots__})


def post(path: str, body: bytes, *headers: str, kind: str = "application/json") -> bytes:
    """Write a whole POST request, after which the connection ends."""
    lines = [f"POST {path} HTTP/1.1", "Host: fuzz", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"Content-Type: {kind}"] if kind else []
    return "\r\n".join([*lines, *headers]).encode("latin-1", "replace") + b"\r\n\r\n" + body
