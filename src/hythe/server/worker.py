"""One worker process: loads the models, then serves HTTP until its parent says stop.

Run by the parent as `python -m hythe.server.worker PLACE TALK SPEC`: its place in the shared memory, and two
inherited file descriptors. Nothing here imports a model framework or the catalog.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import ssl
import sys

from hythe.base.errors import HytheError
from hythe.base.keep_out import keep_out
from hythe.runtime.listener import lock_door
from hythe.runtime.log import Log
from hythe.runtime.slot import DRAIN, FAILED, READY, STOP
from hythe.server.http.app import App
from hythe.server.http.doors import make_app
from hythe.server.http.http_server import HttpServer
from hythe.server.serving import Serving
from hythe.server.waiting import wait_for_posting
from hythe.server.worker_spec import Tls, WorkerSpec

_LOG = Log("hythe.worker")
_IMPORTS = ("onnxruntime", "uvloop")
_SETTLE_S = 0.02
"""Time for a request whose bytes have arrived to become one that is in flight."""


def main(place: int, talk: int, spec: int) -> int:
    """Serve; gives the exit status."""
    parent = socket.socket(fileno=talk)
    told = WorkerSpec.read(spec)
    if not wait_for_posting(told.descriptors.bulletin, talk, _IMPORTS):
        return 0
    with keep_out("pandas"), asyncio.Runner(loop_factory=_new_loop) as runner:
        return runner.run(_work(told, place, parent))


async def _work(spec: WorkerSpec, place: int, parent: socket.socket) -> int:
    try:
        serving = Serving(spec, place)
        await serving.start()
        app = make_app(serving.plane, serving.counters, serving.gate, serving.in_flight, serving.turned_away)
        app.state.notices = lambda: serving.posting.notices
        door = socket.socket(fileno=spec.descriptors.door)
        server = HttpServer(app, door, admits=spec.limits, tls=_tls(spec.tls))
        gc.collect()
        gc.freeze()
        await server.start()
    except HytheError as err:
        parent.sendall(f"{FAILED} {err}\n".encode())
        return 1
    following = asyncio.create_task(serving.follow())
    parent.sendall(f"{READY}\n".encode())
    await _until_stopped(app, server, door, parent, spec.drain_s)
    following.cancel()
    await serving.close()
    return 0


async def _until_stopped(
    app: App, server: HttpServer, door: socket.socket, parent: socket.socket, drain_s: float
) -> None:
    """Serve until the parent says stop, or is gone, or this process alone is asked to end."""
    alone = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, alone.set)
    stopped = asyncio.create_task(_listen(app, parent))
    asked = asyncio.create_task(alone.wait())
    await asyncio.wait({stopped, asked}, return_when=asyncio.FIRST_COMPLETED)
    app.state.draining = True
    if not stopped.done():
        # Nobody has announced the end to those who are connected; each answer does so now.
        server.turn_away()
        await asyncio.sleep(drain_s)
    elif not stopped.result():
        # The other workers end as well, so whoever comes meanwhile is still let in.
        await asyncio.sleep(drain_s)
        await asyncio.to_thread(lock_door, door)
    server.turn_away()
    await asyncio.sleep(_SETTLE_S)
    await app.idle()
    await server.stop()
    for task in (stopped, asked):
        task.cancel()


async def _listen(app: App, parent: socket.socket) -> bool:
    """Follow the parent's words; true when it said stop, false when it is gone."""
    reader, _writer = await asyncio.open_connection(sock=parent)
    while line := await reader.readline():
        word = line.decode().strip()
        if word == DRAIN:
            app.state.draining = True
        elif word == STOP:
            return True
    _LOG.warning("the parent process is gone")
    return False


def _tls(tls: Tls | None) -> ssl.SSLContext | None:
    """Read certificate and key; a client without a certificate of `client_ca`, if given, is turned away."""
    if tls is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(tls.cert, tls.key)
    context.set_alpn_protocols(["http/1.1"])
    if tls.client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(tls.client_ca)
    return context


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
