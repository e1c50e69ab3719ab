"""Real servers for tests: each on a free port, in a folder of its own, stopped at the end."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

_START_LIMIT_S = 30.0
POSTGRES_BIN = Path("/usr/lib/postgresql/15/bin")


def need(binary: str | Path) -> str:
    """Give the path of a program; skip the test by name where it is absent, and fail in CI."""
    found = shutil.which(binary)
    if found is None:
        reason = f"'{binary}' is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def free_port() -> int:
    """Ask the system for a port that is free now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_ready(ready: Callable[[], bool], process: subprocess.Popen[bytes], what: str) -> None:
    """Poll until `ready`, as long as the process lives and the limit allows."""
    waiting, polls_s = threading.Event(), 0.02
    for _ in range(int(_START_LIMIT_S / polls_s)):
        if ready():
            return
        if process.poll() is not None:
            pytest.fail(f"{what} ended at once with {process.returncode}")
        waiting.wait(polls_s)
    pytest.fail(f"{what} was not ready after {_START_LIMIT_S} s")


def listens(port: int) -> bool:
    """Tell whether something accepts connections on the port."""
    with closing(socket.socket()) as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(command: list[str], folder: Path, port: int, user: str | None = None) -> Iterator[int]:
    """Run a server until the block ends; give its port."""
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, user=user)
        try:
            await_ready(lambda: listens(port), process, command[0])
            yield port
        finally:
            process.terminate()
            process.wait(timeout=20)


@contextmanager
def docker_registry(folder: Path, htpasswd: str | None = None) -> Iterator[int]:
    """Run Debian's `docker-registry`, with basic authentication when `htpasswd` lines are given."""
    program, port = need("docker-registry"), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    auth = ""
    if htpasswd is not None:
        (folder / "htpasswd").write_text(htpasswd)
        auth = f"auth:\n  htpasswd:\n    realm: test\n    path: {folder / 'htpasswd'}\n"
    (folder / "config.yml").write_text(
        f"version: 0.1\nlog:\n  level: warn\nstorage:\n  filesystem:\n    rootdirectory: {folder / 'data'}\n"
        f"http:\n  addr: 127.0.0.1:{port}\n  secret: test\n{auth}"
    )
    with running([program, "serve", "config.yml"], folder, port):
        yield port


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL of its own; give the URL of its empty database."""
    initdb, port = need(POSTGRES_BIN / "initdb"), free_port()
    server = need(POSTGRES_BIN / "postgres")
    user = "postgres" if os.geteuid() == 0 else None
    folder.mkdir(parents=True, exist_ok=True)
    if user:
        _open_parents(folder)
        shutil.chown(folder, user)
    data = folder / "data"
    arguments = ["--auth=trust", "--username=hythe", "--no-sync", "--encoding=UTF8", "--locale=C"]
    made = subprocess.run([initdb, *arguments, data], user=user, cwd=folder, capture_output=True, check=False)
    if made.returncode != 0:
        pytest.fail(f"initdb failed: {made.stderr.decode()}")
    options = [
        "-c",
        f"port={port}",
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        f"unix_socket_directories={folder}",
    ]
    with running([server, "-D", str(data), *options, "-c", "fsync=off"], folder, port, user):
        yield f"postgresql://hythe@127.0.0.1:{port}/postgres"


def _open_parents(folder: Path) -> None:
    """Let the server's user reach its folder under pytest's private ones."""
    for parent in folder.parents:
        if parent.stat().st_uid == os.geteuid() and parent != Path("/") and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
