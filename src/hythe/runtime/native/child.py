"""A native model in a process of its own, started, watched and answered for by this one.

Native models and Python code load only there: a crash, a leak or a stranger's program stays outside the
serving process.
"""

from __future__ import annotations

import contextlib
import math
import subprocess
import threading
import time

import msgspec
import numpy as np

from hythe.base.clock import Clock, SystemClock
from hythe.base.errors import Corrupt, HytheError, Invalid, TimedOut, Unavailable
from hythe.bundle.outcome import Outcome
from hythe.bundle.rows import Rows, count
from hythe.flavors.find import point_of
from hythe.runtime.backoff import Restarts
from hythe.runtime.native import wire
from hythe.runtime.native.channel import Channel
from hythe.runtime.native.spawn import death, memory, spawn
from hythe.runtime.priority import give_way, take_part
from hythe.runtime.session_config import SessionConfig

_KILL_WAIT_S = 5.0


class NotAsked(Unavailable):
    """A child was gone before it heard of the batch, which another one may answer."""


class Child:
    """One supervised child process; `predict` is for one thread at a time, and restarts what died.

    While a child that died waits for its back-off, calls raise Unavailable at once. `device` is where its
    model computes, once it is loaded.
    """

    def __init__(
        self, load: wire.Load, config: SessionConfig | None = None, clock: Clock | None = None
    ) -> None:
        self._config = config or SessionConfig()
        self._load = msgspec.structs.replace(load, device=self._config.device)
        self._clock = clock or SystemClock()
        self._restarts = Restarts(self._config.backoff)
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None
        self._started = 0.0
        self._not_before = 0.0
        self._lock = threading.Lock()
        self.device = ""

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
            Unsupported: when its flavor is not there.
            Unavailable: when the child dies, takes too long or too much memory.
            NotAsked: when its back-off is not over.

        """
        if self._process is not None:
            return
        if self.wait_s > 0:
            raise NotAsked(
                f"the model's process died and starts again in {self.wait_s:.1f} s; try again then"
            )
        load = msgspec.structs.replace(self._load, point=point_of(self._load.flavor))
        try:
            self._process, self._channel = spawn(load.python, self._config)
        except OSError as err:
            raise Unavailable(f"the model's process cannot be started: {err}; put that right") from err
        give_way(self._process.pid)
        self._started = self._clock.monotonic_s()
        reply, _ = self._exchange(load, None, self._config.start_s, "load")
        if not isinstance(reply, wire.Loaded):
            fault = self._failed(reply)
            raise (
                fault
                if isinstance(fault, Unavailable)
                else Corrupt(f"the model cannot be loaded: {fault}; pack the version again")
            )
        self.device = reply.device
        take_part(self._process.pid)

    def predict(self, rows: Rows, deadline_s: float = math.inf) -> Outcome:
        """Answer a batch; rows on which the model raises by themselves are refused, with what it says.

        `deadline_s` is on the clock of `time.monotonic`.

        Raises:
            Invalid: when there are no rows.
            TimedOut: when the deadline is over before the model is asked.
            NotAsked: when the child was dead already.
            Unavailable: when it dies, or takes too long or too much memory; the next call starts another.

        """
        if not count(rows):
            raise Invalid("there are no rows; send one or more")
        with self._lock:
            self.start()
            payload = wire.Payload(rows)
            reply, answer = self._exchange(
                wire.Predict(payload.parts), payload, self._patience_s(deadline_s), "answer"
            )
            try:
                if isinstance(reply, wire.Answered):
                    return _outcome(reply, answer, count(rows))
                fault = self._failed(reply)
            except Corrupt as err:
                self._end()
                fault = err
            raise (
                fault
                if isinstance(fault, Unavailable)
                else Unavailable(f"the model's process failed: {fault}; try again")
            )

    def reap(self) -> None:
        """Note the death of a child that ended by itself; nothing happens while it lives."""
        if self._process is not None and self._process.poll() is not None:
            self._end()

    def interrupt(self) -> None:
        """Kill the child while another thread waits for its answer; that call raises Unavailable."""
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """End the child."""
        self._end()
        self._not_before = 0.0

    def _patience_s(self, deadline_s: float) -> float:
        """Say how long the child may take; raises TimedOut when the deadline is over."""
        left = deadline_s - time.monotonic()
        if left <= 0:
            raise TimedOut("the deadline was over before the model was asked; give more time")
        return min(self._config.answer_s, left + self._config.overrun_s)

    def _exchange(
        self, message: wire.Message, payload: wire.Payload | None, timeout_s: float, what: str
    ) -> tuple[wire.Message, memoryview]:
        channel = self._channel
        if channel is None:
            raise Unavailable("the model's process has been closed")
        channel.settimeout(timeout_s)
        try:
            channel.send(message, payload)
            return channel.receive()
        except BrokenPipeError as err:
            self._end()
            raise NotAsked("the model's process died before it was asked; try again") from err
        except TimeoutError:
            self._end()
            raise Unavailable(
                f"the model's process did not {what} within {timeout_s:.3g} s and was ended; try again"
            ) from None
        except (EOFError, OSError) as err:
            ended = death(self._end(), self._config)
            raise Unavailable(f"the model's process died ({ended}); try again") from err
        except BaseException:
            self._end()  # half a message may be on the socket
            raise

    def _failed(self, reply: wire.Message) -> HytheError | str:
        """End a child that gave up, and say why: Unavailable for want of memory, else its own words."""
        self._end()
        if not isinstance(reply, wire.Failed):
            return "it answers out of turn"
        if reply.memory:
            return Unavailable(
                f"the model ran out of memory, its limit is {memory(self._config)}; "
                "send fewer rows, or raise the limit"
            )
        return reply.message

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


def _outcome(reply: wire.Answered, answer: memoryview, rows: int) -> Outcome:
    """Read the answers to `rows` rows; raises Corrupt when they are not that many, or name other rows."""
    answers = wire.unpack_arrays(reply.parts, answer)
    refused = np.zeros(rows, dtype=np.bool_)
    if reply.refused:
        if any(not 0 <= row < rows for row in (*reply.refused, *reply.reasons)):
            raise Corrupt(f"it refuses rows that are none of {rows}")
        refused[list(reply.refused)] = True
    for name, values in answers.items():
        if not values.shape or len(values) != rows:
            raise Corrupt(f"it gives {values.shape} of {name!r} for {rows} rows")
    if not answers and not refused.all():
        raise Corrupt(f"it does not answer {rows} rows")
    return Outcome(answers, refused, reply.reasons)
