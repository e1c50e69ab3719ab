"""A real server in a process of its own, for tests and benchmarks.

Run as `python -m hythe.testing.server`, it reads what to serve from standard input and writes its address.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hythe.dataplane.spec import EndpointSpec
from hythe.server.serve import Addresses, ServeConfig, serve

_PATIENCE_S = 120.0


class Told(msgspec.Struct):
    """What the server's process is told."""

    endpoints: list[EndpointSpec]
    config: ServeConfig


@dataclass(frozen=True, slots=True)
class Running:
    """A server that takes traffic at `url`, and by gRPC at `grpc`."""

    url: str
    grpc: str
    process: subprocess.Popen[bytes]

    def workers(self) -> list[int]:
        """Give the process ids of the HTTP workers."""
        return self.pids("hythe.server.worker")

    def pids(self, module: str) -> list[int]:
        """Give the process ids of the children that run `module`."""
        pid = self.process.pid
        children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return [child for child in children if module in _arguments(child)]

    def replace(self) -> None:
        """Ask for every worker to be replaced."""
        self.process.send_signal(signal.SIGHUP)

    def terminate(self) -> None:
        """Ask for the end; asked twice, the server kills its workers."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """Wait for the end, and give the exit status."""
        return self.process.wait(_PATIENCE_S)


@contextlib.contextmanager
def running(
    endpoints: Sequence[EndpointSpec],
    config: ServeConfig,
    *,
    log: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Running]:
    """Run a server while the block runs; its log goes to the file `log`.

    Its processes find `environment` beside what this one's is.
    """
    sink = os.open(log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "hythe.testing.server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=sink,
        env={**os.environ, **(environment or {})},
    ) as process:
        os.close(sink)
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(msgspec.json.encode(Told(list(endpoints), config)))
            process.stdin.close()
            line = process.stdout.readline().decode()
            assert line.startswith("http"), f"the server did not start: {line!r}"
            url, _, grpc = line.strip().partition(" ")
            yield Running(url, grpc, process)
        finally:
            process.terminate()
            try:
                process.wait(_PATIENCE_S)
            finally:
                process.kill()


def _arguments(pid: int) -> list[str]:
    """Give the command line of a process; empty once it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return []


def main() -> int:
    """Serve what standard input says."""
    told = msgspec.json.decode(sys.stdin.buffer.read(), type=Told)

    def announce(addresses: Addresses) -> None:
        sys.stdout.write(f"{addresses.url} {addresses.grpc}\n")
        sys.stdout.flush()

    serve(told.endpoints, told.config, announce)
    return 0


if __name__ == "__main__":
    sys.exit(main())
