"""One worker process: loads the models, then serves HTTP until its parent says stop.

Run by the parent as `python -m hythe.server.worker PLACE TALK SPEC`: its place in the shared memory, and two
inherited file descriptors. Nothing here imports a model framework or the catalog.
"""

from __future__ import annotations

import asyncio
import gc
import math
import socket
import ssl
import sys

from hythe.base.errors import HytheError
from hythe.base.keep_out import keep_out
from hythe.runtime.listener import lock_door
from hythe.runtime.parent import End, Parent, new_loop
from hythe.security.tls import Tls
from hythe.server.http.app import App
from hythe.server.http.doors import make_app
from hythe.server.http.http_server import HttpServer
from hythe.server.serving import Serving
from hythe.server.waiting import wait_for_posting
from hythe.server.worker_spec import WorkerSpec

_IMPORTS = ("onnxruntime", "uvloop")
_SETTLE_S = 0.02
"""Time for a request whose bytes have arrived to become one that is in flight."""


def main(place: int, talk: int, spec: int) -> int:
    """Serve; gives the exit status."""
    told = WorkerSpec.read(spec)
    if not wait_for_posting(told.descriptors.bulletin, talk, _IMPORTS):
        return 0
    with keep_out("pandas"), asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(_work(told, place, Parent(talk)))


async def _work(spec: WorkerSpec, place: int, parent: Parent) -> int:
    try:
        serving = Serving(spec, place)
        await serving.start()
        app = make_app(
            serving.plane,
            serving.counters,
            serving.gate,
            serving.in_flight,
            serving.turned_away,
            serving.feedback,
        )
        app.state.notices = lambda: serving.notices
        door = socket.socket(fileno=spec.descriptors.door)
        server = HttpServer(app, door, admits=spec.limits, tls=_tls(spec.tls))
        gc.collect()
        gc.freeze()
        await server.start()
    except HytheError as err:
        parent.failed(err)
        return 1
    following = asyncio.create_task(serving.follow())
    parent.ready()
    await _until_stopped(app, server, door, parent, spec.drain_s)
    following.cancel()
    await serving.close()
    return 0


async def _until_stopped(
    app: App, server: HttpServer, door: socket.socket, parent: Parent, drain_s: float
) -> None:
    """Serve until it is time to end; every connection is told before its last answer.

    They are told for `drain_s` seconds by this process's own clock: one that had no processor for so long
    hears of the beginning and of the end at once.
    """
    loop = asyncio.get_running_loop()
    told_s = math.inf

    def drain() -> None:
        nonlocal told_s
        app.state.draining, told_s = True, min(told_s, loop.time())

    end = await parent.says_stop(drain)
    drain()
    if end is End.ALONE:  # nobody has told those who are connected; each answer does so now
        server.turn_away()
    await asyncio.sleep(told_s + drain_s - loop.time())
    if end is End.ORPHANED:
        # The other workers end as well, so whoever came meanwhile was still let in.
        await asyncio.to_thread(lock_door, door)
    server.turn_away()
    await asyncio.sleep(_SETTLE_S)
    await app.idle()
    await server.stop()


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


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
