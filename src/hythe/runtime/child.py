"""A native model in a process of its own, started, watched and answered for by this one.

Native models and Python code load only there: a crash, a leak or a stranger's program stays outside the
serving process.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, field

from hythe.base.clock import Clock, SystemClock
from hythe.base.errors import Corrupt, Invalid, Unavailable
from hythe.bundle.outcome import Outcome
from hythe.bundle.rows import Rows
from hythe.runtime import wire
from hythe.runtime.backoff import Backoff, Restarts

_KILL_WAIT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildConfig:
    """Limits of one child: seconds to load and to answer, threads of its numeric libraries, back-off."""

    start_s: float = 60.0
    answer_s: float = 30.0
    threads: int = 1
    backoff: Backoff = field(default_factory=Backoff)

    def __post_init__(self) -> None:
        if self.start_s <= 0 or self.answer_s <= 0:
            raise Invalid(f"child limits are {self.start_s} s and {self.answer_s} s; give more than 0")
        if self.threads < 1:
            raise Invalid(f"child threads is {self.threads}; give 1 or more")


class Child:
    """One supervised child process; `predict` is for one thread at a time, and restarts what died.

    While a child that died waits for its back-off, calls raise Unavailable at once.
    """

    def __init__(
        self, load: wire.Load, config: ChildConfig | None = None, clock: Clock | None = None
    ) -> None:
        self._load = load
        self._config = config or ChildConfig()
        self._clock = clock or SystemClock()
        self._restarts = Restarts(self._config.backoff)
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._started = 0.0
        self._not_before = 0.0
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The child's process id, or None while there is none."""
        return None if self._process is None else self._process.pid

    @property
    def wait_s(self) -> float:
        """Seconds until the back-off allows a new child; 0 when one runs or may start."""
        if self._process is not None:
            return 0.0
        return max(0.0, self._not_before - self._clock.monotonic_s())

    def start(self) -> None:
        """Start the child and wait until the model is loaded; nothing happens when it runs.

        Raises:
            Corrupt: when the model cannot be loaded.
            Unavailable: when the child dies or takes too long, or its back-off is not over.

        """
        if self._process is not None:
            return
        if self.wait_s > 0:
            raise Unavailable(
                f"the model's process died and starts again in {self.wait_s:.1f} s; try again then"
            )
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = _spawn(theirs, self._config.threads)
        self._channel = ours
        self._started = self._clock.monotonic_s()
        reply, _ = self._exchange(self._load, b"", self._config.start_s, "load")
        if not isinstance(reply, wire.Loaded):
            self._end()
            message = reply.message if isinstance(reply, wire.Failed) else "it answers out of turn"
            raise Corrupt(f"the model cannot be loaded: {message}; pack the version again")

    def predict(self, rows: Rows) -> Outcome:
        """Answer a batch.

        Raises:
            Invalid: when the model raises, with what it says and the first row that it raises on.
            Unavailable: when the child dies or takes too long; the next call starts another.

        """
        with self._lock:
            self.start()
            parts, payload = wire.pack(rows)
            reply, answer = self._exchange(wire.Predict(parts), payload, self._config.answer_s, "answer")
            if isinstance(reply, wire.Answered):
                return Outcome.answered(wire.unpack(reply.parts, answer))
            if isinstance(reply, wire.Refused):
                where = "" if reply.row is None else f"rows[{reply.row}]: "
                raise Invalid(f"{where}the model refuses it: {reply.message}")
            self._end()
            message = reply.message if isinstance(reply, wire.Failed) else "it answers out of turn"
            raise Unavailable(f"the model's process failed: {message}; try again")

    def reap(self) -> None:
        """Note the death of a child that ended by itself; nothing happens while it lives."""
        if self._process is not None and self._process.poll() is not None:
            self._end()

    def close(self) -> None:
        """End the child."""
        self._end()
        self._not_before = 0.0

    def _exchange(
        self, message: wire.Message, payload: bytes, timeout_s: float, what: str
    ) -> tuple[wire.Message, memoryview]:
        channel = self._channel
        if channel is None:
            raise Unavailable("the model's process has been closed")
        channel.settimeout(timeout_s)
        try:
            wire.send(channel, message, payload)
            return wire.receive(channel)
        except TimeoutError:
            self._end()
            raise Unavailable(
                f"the model's process did not {what} within {timeout_s:g} s and was ended; try again"
            ) from None
        except (EOFError, OSError) as err:
            code = self._end()
            raise Unavailable(f"the model's process died ({_death(code)}); try again") from err
        except BaseException:
            self._end()  # half a message may be on the socket
            raise

    def _end(self) -> int | None:
        """Kill the child, reap it and set the back-off; gives its exit status."""
        process, self._process = self._process, None
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()
        if process is None:
            return None
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05 if process.poll() is None else 0)  # let it die its own death, to see of what
        process.kill()
        status = process.wait(_KILL_WAIT_S)
        now = self._clock.monotonic_s()
        self._not_before = now + self._restarts.died(now - self._started)
        return status


def _spawn(channel: socket.socket, threads: int) -> subprocess.Popen[bytes]:
    number = str(threads)
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), number)
    command = [
        sys.executable,
        "-P",
        "-m",
        "hythe.runtime.child_main",
        str(channel.fileno()),
        str(os.getpid()),
    ]
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=2,  # what a model prints is no answer of ours
        pass_fds=[channel.fileno()],
        env={**os.environ, **limits},
    )


def _death(status: int | None) -> str:
    if status is None:
        return "unknown"
    return f"signal {-status}" if status < 0 else f"exit status {status}"
