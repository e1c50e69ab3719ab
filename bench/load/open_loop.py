"""Requests at a fixed rate, whatever the server does: an open loop, in a process of its own.

Each request has its moment; its latency counts from that moment, also where it had to wait for a connection,
so that a server that stalls is not spared the requests that would have come meanwhile (coordinated omission,
Tene 2013). On a processor of its own (`core`) the generator spins instead of sleeping, because a short sleep
is not exact.

Run as `python -m load.open_loop FILE`, it reads a plan (JSON) and writes what became of each request (NumPy).
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parents[1]
GRACE_S = 30.0
_NAP_S = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to send: whole requests in turn, so many a second for so long, over at most so many connections.

    An answer that takes longer than `patience_s` is lost. `core` is the processor to stay on, None for any.
    `keep` is a file that gets a line for each answer as it comes: the request's number, its status, the
    moment on `time.perf_counter`, and the body.
    """

    host: str
    port: int
    requests: list[str]
    rate: float
    seconds: float
    connections: int = 256
    patience_s: float = 10.0
    core: int | None = None
    keep: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of each request, by its moment on `time.perf_counter`; a status of 0 is a request lost."""

    due_s: np.ndarray[Any, Any]
    latency_s: np.ndarray[Any, Any]
    status: np.ndarray[Any, Any]

    @property
    def answered(self) -> int:
        """Count the answers of status 200."""
        return int((self.status == 200).sum())

    @property
    def lost(self) -> int:
        """Count the requests that had no answer."""
        return int((self.status == 0).sum())

    def quantile_ms(self, share: float, status: int = 200) -> float:
        """Give a quantile of the latency of answers with a status, in milliseconds."""
        found = self.latency_s[self.status == status]
        return float(np.quantile(found, share)) * 1e3 if len(found) else float("inf")


class Running:
    """A generator that runs beside us; `outcome` waits for it."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._seconds = plan.seconds + plan.patience_s
        self._results = folder / f"outcome-{time.monotonic_ns()}.npy"
        file = self._results.with_suffix(".json")
        file.write_text(json.dumps(asdict(plan)))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "load.open_loop", str(file), str(self._results)],
            cwd=FOLDER, env={**os.environ, "PYTHONPATH": str(FOLDER)},
        )  # fmt: skip

    @property
    def going(self) -> bool:
        """Say whether it is still sending."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Send no more; what is under way is waited for."""
        self._process.terminate()

    def outcome(self) -> Outcome:
        """Wait for the end, and read what became of the requests."""
        if self._process.wait(self._seconds + GRACE_S) != 0:
            raise RuntimeError(f"the load generator ended with {self._process.returncode}")
        due, latency, status = np.load(self._results)
        return Outcome(due, latency, status.astype(int))


def run(plan: Plan, folder: Path) -> Outcome:
    """Send what a plan says, and give what became of it."""
    return Running(plan, folder).outcome()


class _Connection:
    """One connection with at most one request under way."""

    __slots__ = ("buffer", "number", "sent", "socket")

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.buffer = b""
        self.number = -1
        self.sent = 0.0

    def answer(self) -> tuple[int, bool, bytes] | None:
        """Give the status of a whole answer, whether the connection stays, and the body; None before that."""
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return None
        lowered = head.lower()
        length = int(lowered.partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return None
        self.buffer = body[length:]
        return int(head[9:12]), b"connection: close" not in lowered, body[:length]


class Generator:
    """Sends a plan's requests, each at its moment."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._requests = [text.encode() for text in plan.requests]
        self._total = int(plan.rate * plan.seconds)
        self._due = np.arange(self._total) / plan.rate
        self._latency = np.zeros(self._total)
        self._status = np.zeros(self._total)
        self._epoll = select.epoll()
        self._open: dict[int, _Connection] = {}
        self._idle: deque[_Connection] = deque()
        self._start = 0.0
        self._stopped = False
        self._kept = Path(plan.keep).open("wb") if plan.keep else None  # noqa: SIM115 - closed with the process

    def run(self) -> np.ndarray[Any, Any]:
        """Send all of them; gives three rows: the moments, the latencies in seconds, the statuses."""
        for _ in range(min(self._plan.connections, 32)):
            self._connect()
        waiting: deque[int] = deque()
        due, total, clock = self._due.tolist(), self._total, time.perf_counter
        at, self._start = 0, clock() + 0.05
        swept, last = self._start, self._start + self._plan.seconds + self._plan.patience_s
        while at < total or waiting or len(self._idle) < len(self._open):
            now = clock() - self._start
            while at < total and due[at] <= now:
                waiting.append(at)
                at += 1
            while waiting and self._send(waiting[0]):
                waiting.popleft()
            events = self._epoll.poll(0)
            for descriptor, _event in events:
                self._receive(self._open[descriptor])
            if not events and self._plan.core is None:
                time.sleep(_NAP_S)
            if self._stopped:
                total = at
            if clock() - swept > 1.0:
                swept = clock()
                self._give_up(swept)
                if swept > last:
                    break
        return np.array([self._due + self._start, self._latency, self._status])[:, :at]

    def stop(self) -> None:
        """Send no more."""
        self._stopped = True

    def close(self) -> None:
        """Write the last answers that are kept."""
        if self._kept is not None:
            self._kept.close()

    def _connect(self) -> bool:
        try:
            connection = _Connection((self._plan.host, self._plan.port))
        except OSError:
            return False
        self._open[connection.socket.fileno()] = connection
        self._epoll.register(connection.socket.fileno(), select.EPOLLIN)
        self._idle.append(connection)
        return True

    def _close(self, connection: _Connection) -> None:
        descriptor = connection.socket.fileno()
        self._epoll.unregister(descriptor)
        del self._open[descriptor]
        if connection in self._idle:
            self._idle.remove(connection)
        connection.socket.close()

    def _send(self, number: int) -> bool:
        """Send one request; false where every connection is taken."""
        if not self._idle and (len(self._open) >= self._plan.connections or not self._connect()):
            return False
        connection = self._idle.popleft()
        connection.number, connection.sent = number, time.perf_counter()
        try:
            connection.socket.send(self._requests[number % len(self._requests)])
        except OSError:
            self._lost(connection)
        return True

    def _receive(self, connection: _Connection) -> None:
        try:
            data = connection.socket.recv(65536)
        except OSError:
            data = b""
        if not data:
            self._lost(connection)
            return
        connection.buffer += data
        answer = connection.answer()
        if answer is None:
            return
        status, stays, body = answer
        if self._kept is not None:
            self._kept.write(b"%d %d %.6f %b\n" % (connection.number, status, time.perf_counter(), body))
        self._latency[connection.number] = time.perf_counter() - self._start - self._due[connection.number]
        self._status[connection.number] = status
        connection.number = -1
        self._idle.append(connection)
        if not stays:
            self._close(connection)

    def _lost(self, connection: _Connection) -> None:
        """Close a connection; what was under way on it keeps the status 0."""
        if connection.number >= 0:
            self._latency[connection.number] = (
                time.perf_counter() - self._start - self._due[connection.number]
            )
        self._close(connection)

    def _give_up(self, now: float) -> None:
        if self._kept is not None:
            self._kept.flush()
        late = [c for c in self._open.values() if c.number >= 0 and now - c.sent > self._plan.patience_s]
        for connection in late:
            self._lost(connection)


def main(arguments: Sequence[str]) -> None:
    """Run the plan in a file, and write the outcome to another."""
    plan = Plan(**json.loads(Path(arguments[0]).read_text()))
    if plan.core is not None:
        os.sched_setaffinity(0, {plan.core})
    generator = Generator(plan)
    signal.signal(signal.SIGTERM, lambda *_: generator.stop())
    outcome = generator.run()
    generator.close()
    np.save(arguments[1], outcome)


if __name__ == "__main__":
    main(sys.argv[1:])
