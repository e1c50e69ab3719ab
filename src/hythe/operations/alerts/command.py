"""Alerts for a command: the message on its standard input, its exit status as the receipt; no shell."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import BinaryIO

from hythe.base.errors import TimedOut, Unavailable
from hythe.operations.leading import Stop

_LOOK_S = 0.1
_TAIL = 500


def run(
    command: Sequence[str], body: bytes, limit_s: float, stop: Stop, environ: Mapping[str, str] | None = None
) -> None:
    """Run a command with a message on its standard input, and wait for its end.

    It and all that it started ends when it takes longer than `limit_s`, or when `stop` is set.

    Raises:
        TimedOut: when it was ended.
        Unavailable: when it cannot be started, or failed; its last words are in the message.

    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
        given.write(body)
        given.seek(0)
        try:
            process = subprocess.Popen(
                list(command), stdin=given, stdout=said, stderr=said, env=environ, start_new_session=True
            )
        except OSError as err:
            raise Unavailable(f"'{command[0]}' cannot be started: {err.strerror}; see its path") from err
        status = _wait(process, command[0], limit_s, stop)
        if status != 0:
            raise Unavailable(f"'{command[0]}' ended with {status}{_last_words(said)}")


def _wait(process: subprocess.Popen[bytes], name: str, limit_s: float, stop: Stop) -> int:
    until = time.monotonic() + limit_s
    while (status := process.poll()) is None:
        stopped = stop.wait(_LOOK_S)
        if stopped or time.monotonic() >= until:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            why = "the control plane ends" if stopped else f"it took longer than {limit_s:g} s"
            raise TimedOut(f"'{name}' was ended: {why}")
    return status


def _last_words(said: BinaryIO) -> str:
    size = said.seek(0, os.SEEK_END)
    said.seek(max(0, size - _TAIL))
    words = said.read().decode(errors="replace").strip()
    return f": {words}" if words else "; it said nothing"
