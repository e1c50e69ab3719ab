"""How messages get from a process to its child and back: small ones by socket, large ones by shared memory.

A frame is a prefix (little-endian: header length in 4 bytes, payload length in 8, and 1 when the payload lies
in the arena), the header, filled up with blanks, and then the payload unless it lies there. Whoever receives
copies the payload out, so that the arena is free for the answer, and nobody computes on memory that the other
side may change.
"""

from __future__ import annotations

import socket
import struct

from hythe.base.errors import Corrupt
from hythe.runtime.native import wire
from hythe.runtime.native.arena import Arena

_PREFIX = struct.Struct("<IQ?")
_MOST_HEADER = 64 * 2**20
_MOST_PAYLOAD = 2**31
_FIRST_READ = 2**14
_SOCKET_BUFFER = 2 * wire.SMALL


class Channel:
    """One end. Each side speaks in turn."""

    def __init__(self, end: socket.socket, arena: Arena) -> None:
        self._socket = end
        self._arena = arena
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BUFFER)

    def settimeout(self, seconds: float | None) -> None:
        """Have each send and each wait for bytes raise TimeoutError after `seconds`."""
        self._socket.settimeout(seconds)

    def send(self, message: wire.Message, payload: wire.Payload | None = None) -> None:
        """Write one frame."""
        header = wire.encode(message)
        header = header.ljust(wire.aligned(_PREFIX.size + len(header)) - _PREFIX.size)
        if payload is None:
            prefix, inline = _PREFIX.pack(len(header), 0, False), b""
        else:
            prefix = _PREFIX.pack(len(header), payload.size, payload.shared)
            inline = b"" if payload.shared else payload.small()
            if payload.shared:
                payload.write(self._arena.room(payload.size))
        self._socket.sendall(b"".join((prefix, header, inline)))

    def receive(self) -> tuple[wire.Message, memoryview]:
        """Read one frame; its payload belongs to the caller.

        Raises:
            EOFError: when the other side has closed the socket.
            Corrupt: when what arrives is no frame.
            TimeoutError: when the socket's timeout passes.

        """
        frame = bytearray(_FIRST_READ)
        got = self._fill(memoryview(frame), 0, _PREFIX.size)
        header_size, size, shared = _PREFIX.unpack_from(frame)
        if header_size > _MOST_HEADER or size > _MOST_PAYLOAD:
            raise Corrupt(f"a frame of {header_size} + {size} bytes; the model's process wrote nonsense")
        start = _PREFIX.size + header_size
        end = start if shared else start + size
        if end > len(frame):
            frame.extend(bytes(end - len(frame)))
        self._fill(memoryview(frame), got, end)
        message = wire.decode(memoryview(frame)[_PREFIX.size : start])
        if not shared:
            return message, memoryview(frame)[start:end]
        copied = memoryview(bytearray(self._arena.view(size)))
        self._arena.give_back()
        return message, copied

    def close(self) -> None:
        """Let go of the socket and the shared memory."""
        self._socket.close()
        self._arena.close()

    def _fill(self, frame: memoryview, got: int, wanted: int) -> int:
        """Read until `frame` holds `wanted` bytes; more may have arrived."""
        while got < wanted:
            count = self._socket.recv_into(frame[got:])
            if count == 0:
                raise EOFError
            got += count
        return got
