"""A server as a process: started on a free port, waited for until it answers rightly, ended whole."""

from __future__ import annotations

import contextlib
import http.client
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from load.processes import adopted, end, end_adopted, tree
from load.target import Target

PATIENCE_S = 120.0


class DidNotStart(RuntimeError):
    """A server ended, stayed silent or answered wrongly; the message has the end of its log."""


@dataclass(frozen=True, slots=True)
class Started:
    """A server that answers; `first_answer_s` is the time from the command to the first right answer."""

    target: Target
    pid: int
    first_answer_s: float
    mark: str

    def processes(self) -> list[int]:
        """Give the ids of all processes of the server, those that forked away included."""
        return list(dict.fromkeys([*tree(self.pid), *adopted(self.mark)]))


@contextlib.contextmanager
def started(
    command: Sequence[str],
    target: Target,
    probe: bytes,
    right: Callable[[bytes], bool],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Iterator[Started]:
    """Run a server while the block runs.

    `probe` is posted until an answer of status 200 comes; `right` says whether that is the right one. As
    after an installation, a server finds the bytecode of its modules, whatever this process was told.

    Raises:
        DidNotStart: when no right answer comes.

    """
    mark = f"BENCH_SERVER={target.url}"
    surroundings = os.environ | {"PYTHONDONTWRITEBYTECODE": "", "BENCH_SERVER": target.url}
    with log.open("ab") as sink:
        begun = time.perf_counter()
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, cwd=folder,
            env={**surroundings, **(environment or {})},
        ) as process:  # fmt: skip
            try:
                _await_answer(process, target, probe, right, log)
                yield Started(target, process.pid, time.perf_counter() - begun, mark)
            finally:
                end(tree(process.pid), patience_s=10.0)
                end_adopted(mark)


def _await_answer(
    process: subprocess.Popen[bytes], target: Target, probe: bytes, right: Callable[[bytes], bool], log: Path
) -> None:
    until = time.monotonic() + PATIENCE_S
    status, answer = 0, b""
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            status, answer = target.ask(probe)
            if status == 200 and right(answer):
                return
            if status == 200:
                break
        time.sleep(0.005)
    end_of_log = log.read_text(errors="replace")[-1500:]
    raise DidNotStart(f"status {status}, answer {answer[:300]!r}; its log ends with:\n{end_of_log}")
