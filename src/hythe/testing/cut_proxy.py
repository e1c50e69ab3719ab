"""A proxy that cuts connections in the middle, as networks do."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock, Thread

_PIECE = 1 << 14


class CutProxy:
    """Forwards bytes to `upstream` (`127.0.0.1:PORT`), and breaks when told to.

    `cut_after_sent` and `cut_after_received` are bytes of one connection, from and to the client, after
    which that connection is reset; each cuts once. `sent` and `received` count all bytes that passed.
    """

    def __init__(self, upstream: str) -> None:
        host, _, port = upstream.partition(":")
        self._upstream = (host, int(port))
        self._lock = Lock()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.cut_after_sent: int | None = None
        self.cut_after_received: int | None = None
        self.sent = self.received = self.cuts = 0

    @classmethod
    @contextmanager
    def running(cls, upstream: str) -> Iterator[CutProxy]:
        """Run a proxy until the block ends."""
        proxy = cls(upstream)
        accepting = Thread(target=proxy._accept)
        accepting.start()
        try:
            yield proxy
        finally:
            proxy._stop()
            accepting.join()

    def _stop(self) -> None:
        with self._lock:
            for connection in (self._listener, *self._open):
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()

    def _accept(self) -> None:
        threads: list[Thread] = []
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                break
            server = socket.create_connection(self._upstream)
            with self._lock:
                self._open += [client, server]
            for source, target, sending in ((client, server, True), (server, client, False)):
                threads.append(Thread(target=self._forward, args=(source, target, sending)))
                threads[-1].start()
        for thread in threads:
            thread.join()

    def _forward(self, source: socket.socket, target: socket.socket, sending: bool) -> None:
        passed = 0
        with suppress(OSError):
            while piece := source.recv(_PIECE):
                passed += len(piece)
                if self._cuts(passed, sending):
                    break
                with self._lock:  # counted before anybody can answer it
                    self.sent += len(piece) if sending else 0
                    self.received += 0 if sending else len(piece)
                target.sendall(piece)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _cuts(self, passed: int, sending: bool) -> bool:
        with self._lock:
            limit = self.cut_after_sent if sending else self.cut_after_received
            if limit is None or passed < limit:
                return False
            self.cut_after_sent = None if sending else self.cut_after_sent
            self.cut_after_received = self.cut_after_received if sending else None
            self.cuts += 1
            return True
