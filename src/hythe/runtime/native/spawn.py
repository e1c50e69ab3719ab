"""Start the process of a native model with its limits, and say in words what ended it."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

from hythe.runtime.native.arena import Arena
from hythe.runtime.native.channel import Channel
from hythe.runtime.session_config import SessionConfig

_BOOT = Path(__file__).with_name("boot.py")
_MIB = 2**20


def spawn(python: str, config: SessionConfig) -> tuple[subprocess.Popen[bytes], Channel]:
    """Start a child of the interpreter `python`, "" for this one; gives it and the channel to it.

    Its memory limit counts what the process alone can write to (Linux `RLIMIT_DATA`): files that are mapped
    and shared memory are free, and the allocation that goes beyond fails at once, whatever else runs.

    Raises:
        OSError: when there is no such interpreter, or no more processes.

    """
    ours, theirs = socket.socketpair()
    arena = Arena.create()
    descriptors = [theirs.fileno(), arena.descriptor]
    command = [python or sys.executable, "-P", str(_BOOT), *map(str, [*descriptors, os.getpid()])]
    with theirs:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=2,  # what a model prints is no answer of ours
                pass_fds=descriptors,
                env=_environment(config.threads, own=not python),
            )
        except BaseException:
            ours.close()
            arena.close()
            raise
    if config.memory_bytes:
        _limit(process.pid, config.memory_bytes)
    return process, Channel(ours, arena)


def death(status: int | None, config: SessionConfig) -> str:
    """Say what ended a child, from its exit status.

    >>> death(-9, SessionConfig()), death(3, SessionConfig(memory_bytes=2**30))
    ('signal 9', 'exit status 3; its memory limit is 1024 MiB')
    """
    words = "unknown" if status is None else f"signal {-status}" if status < 0 else f"exit status {status}"
    return f"{words}; its memory limit is {memory(config)}" if config.memory_bytes else words


def memory(config: SessionConfig) -> str:
    """Say the memory limit in words."""
    return f"{config.memory_bytes // _MIB} MiB" if config.memory_bytes else "the machine's"


def _limit(pid: int, memory_bytes: int) -> None:
    try:
        resource.prlimit(pid, resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    except ProcessLookupError:
        return  # it died already, which the first message will tell
    except OSError:
        os.kill(pid, signal.SIGKILL)  # rather none than one without its limit
        raise


def _environment(threads: int, *, own: bool) -> dict[str, str]:
    number = str(threads)
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), number)
    if own:
        return {**os.environ, **limits}
    # What this process finds beside its environment must not reach into the lock's.
    foreign = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    return {**kept, **limits, "PYTHONNOUSERSITE": "1"}
