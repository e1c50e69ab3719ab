"""Real servers for tests and benchmarks: each on a free port, in a folder of its own, stopped at the end."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from hythe.base.errors import Unavailable, Unsupported

POSTGRES_PROGRAMS = Path("/usr/lib/postgresql/15/bin")
"""Where Debian puts PostgreSQL's server programs."""
_DATABASE = ("--auth=trust", "--username=hythe", "--no-sync", "--encoding=UTF8", "--locale=C")
_START_LIMIT_S = 120.0
_POLL_S = 0.02
_PORTS = range(20_000, 32_000)
"""Linux draws the ports of those that name none from 32768 on."""


def program(name: str | Path) -> str:
    """Give the path of an installed program; raises `Unsupported` where it is absent."""
    found = shutil.which(name)
    if found is None:
        raise Unsupported(f"'{name}' is not installed; install the Debian package that has it")
    return found


@contextmanager
def or_skip() -> Iterator[None]:
    """Skip the test by name where a program is absent; fail it where the environment says `CI=true`."""
    import pytest

    try:
        yield
    except Unsupported as err:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(err))


def free_port() -> int:
    """Find a port that is free now, among those that the system gives to nobody of itself."""
    while True:
        port = _PORTS.start + secrets.randbelow(len(_PORTS))
        with closing(socket.socket()) as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def running(
    command: list[str],
    folder: Path,
    port: int,
    user: str | None = None,
    end: signal.Signals = signal.SIGTERM,
) -> Iterator[None]:
    """Run a server in `folder` from when it listens on `port` until the block ends, which `end` tells it."""
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, user=user)
        try:
            _await_listening(process, port, command[0])
            yield
        finally:
            process.send_signal(end)
            process.wait(timeout=_START_LIMIT_S)


@contextmanager
def docker_registry(folder: Path, htpasswd: str = "") -> Iterator[str]:
    """Run Debian's `docker-registry`; give `127.0.0.1:PORT`.

    With lines of `htpasswd` (bcrypt), it asks for basic authentication.
    """
    server, port = program("docker-registry"), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    auth = ""
    if htpasswd:
        (folder / "htpasswd").write_text(htpasswd)
        auth = f"auth:\n  htpasswd:\n    realm: test\n    path: {folder / 'htpasswd'}\n"
    (folder / "config.yml").write_text(
        f"version: 0.1\nlog:\n  level: warn\nstorage:\n  filesystem:\n    rootdirectory: {folder / 'data'}\n"
        f"http:\n  addr: 127.0.0.1:{port}\n  secret: test\n{auth}"
    )
    with running([server, "serve", "config.yml"], folder, port):
        yield f"127.0.0.1:{port}"


@contextmanager
def postgres(folder: Path, port: int | None = None) -> Iterator[str]:
    """Run a PostgreSQL; give the URL of its database. Nothing is flushed, so it is quick.

    The database is empty, unless the folder holds one from before. At the end clients are cut off.
    """
    initdb, server = program(POSTGRES_PROGRAMS / "initdb"), program(POSTGRES_PROGRAMS / "postgres")
    port, user = port or free_port(), "postgres" if os.geteuid() == 0 else None
    folder.mkdir(parents=True, exist_ok=True)
    if user:
        _open_parents(folder)
        shutil.chown(folder, user)
    if not (folder / "data").exists():
        _make_database([initdb, *_DATABASE, "data"], folder, user)
    settings = [
        f"port={port}",
        "listen_addresses=127.0.0.1",
        f"unix_socket_directories={folder}",
        "fsync=off",
    ]
    command = [server, "-D", "data", *(word for setting in settings for word in ("-c", setting))]
    with running(command, folder, port, user, signal.SIGINT):
        _await_accepting(port)
        yield f"postgresql://hythe@127.0.0.1:{port}/postgres"


def _make_database(command: list[str], folder: Path, user: str | None) -> None:
    made = subprocess.run(command, user=user, cwd=folder, capture_output=True, check=False)
    if made.returncode != 0:
        raise Unavailable(f"initdb failed: {made.stderr.decode(errors='replace')}")


def _await_listening(process: subprocess.Popen[bytes], port: int, what: str) -> None:
    pause = threading.Event()
    for _ in range(int(_START_LIMIT_S / _POLL_S)):
        if process.poll() is not None:
            raise Unavailable(f"'{what}' ended at once with {process.returncode}; see its server.log")
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        pause.wait(_POLL_S)
    raise Unavailable(f"'{what}' does not listen on port {port} after {_START_LIMIT_S} s; see its server.log")


def _await_accepting(port: int) -> None:
    """Wait until PostgreSQL, which listens before it has started, takes connections."""
    asked = [program(POSTGRES_PROGRAMS / "pg_isready"), "--quiet", "--host=127.0.0.1", f"--port={port}"]
    pause = threading.Event()
    for _ in range(int(_START_LIMIT_S / _POLL_S)):
        if subprocess.run(asked, check=False).returncode == 0:
            return
        pause.wait(_POLL_S)
    raise Unavailable(
        f"PostgreSQL does not accept on port {port} after {_START_LIMIT_S} s; see its server.log"
    )


def _open_parents(folder: Path) -> None:
    """Let the server's own user reach its folder below private temporary ones."""
    for parent in folder.parents:
        mode = parent.stat().st_mode
        if parent.stat().st_uid == os.geteuid() and not mode & 0o001:
            parent.chmod(mode | 0o011)


@contextmanager
def alertmanager(folder: Path, webhook: str) -> Iterator[str]:
    """Run Debian's Alertmanager, which tells `webhook` of each alert at once; give its URL."""
    server, port = program("prometheus-alertmanager"), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "alertmanager.yml").write_text(
        "route:\n  receiver: test\n  group_by: ['...']\n  group_wait: 0s\n  group_interval: 1s\n"
        f"receivers:\n- name: test\n  webhook_configs:\n  - url: {webhook}\n    send_resolved: true\n"
    )
    command = [
        server, "--config.file=alertmanager.yml", f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=warn",
    ]  # fmt: skip
    with running(command, folder, port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def prometheus(folder: Path, configuration: str) -> Iterator[str]:
    """Run Debian's Prometheus on a configuration in YAML, whose paths are those of `folder`; give its URL."""
    server, port = program("prometheus"), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prometheus.yml").write_text(configuration)
    command = [
        server, "--config.file=prometheus.yml", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
    ]  # fmt: skip
    with running(command, folder, port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def rotel(folder: Path, onward: str) -> Iterator[str]:
    """Run Rotel, an OpenTelemetry collector from PyPI, which hands on to `onward`; give its URL."""
    found = find_spec("rotel")
    if found is None or found.origin is None:
        raise Unsupported("'rotel' is not installed; install the package 'rotel'")
    port, unused = free_port(), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        program(Path(found.origin).parent / "rotel-agent"), "start", "--log-file", str(folder / "rotel.log"),
        "--otlp-http-endpoint", f"127.0.0.1:{port}", "--otlp-grpc-endpoint", f"127.0.0.1:{unused}",
        "--exporter", "otlp", "--otlp-exporter-protocol", "http", "--otlp-exporter-endpoint", onward,
        "--batch-timeout", "100ms",
    ]  # fmt: skip
    with running(command, folder, port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def s3(folder: Path, port: int | None = None) -> Iterator[dict[str, str]]:
    """Run nanio, an S3 from PyPI that checks signatures, with a bucket `models`; give a client's environment.

    What was stored in `folder` is there again when it is started once more.
    """
    if find_spec("nanio") is None:
        raise Unsupported("'nanio' is not installed; install the package 'nanio'")
    port = port or free_port()
    (folder / "data" / "models").mkdir(parents=True, exist_ok=True)
    options = folder / "options.toml"
    options.write_text('[[users]]\naccess_key = "ana"\nsecret_key = "a secret of some length"\n')
    command = [
        sys.executable, "-m", "nanio", "serve", "--host", "127.0.0.1", "--port", str(port),
        "--data-dir", str(folder / "data"), "--options", str(options),
    ]  # fmt: skip
    with running(command, folder, port):
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "ana",
            "AWS_SECRET_ACCESS_KEY": "a secret of some length",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",  # it does not know checksums that trail
        }
