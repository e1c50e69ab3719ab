"""Granian in this process, on a socket and an event loop that are ours.

Granian's own supervisor is not used (DESIGN section 6), so this file speaks with what that supervisor uses
below its public interface. A test notices when Granian changes it.
"""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any, Literal

from hythe.base.errors import Unsupported
from hythe.runtime.listener import turn_away

RuntimeMode = Literal["st", "mt"]
"""Granian's Rust side: `st` runs it on one thread, `mt` on several."""
_BACKLOG = 2048
_BLOCKING_THREADS = 1
_IDLE_S = 30


class HttpServer:
    """Serves one RSGI application on a listening descriptor, which it takes over."""

    def __init__(
        self, app: Any, descriptor: int, loop: asyncio.AbstractEventLoop, *, mode: RuntimeMode = "st"
    ) -> None:
        self._app = app
        self._descriptor = descriptor
        self._loop = loop
        self._mode = mode
        self._ended = asyncio.Event()
        self._signal: Any = None

    def start(self) -> None:
        """Accept connections from now on.

        Raises:
            Unsupported: when this version of Granian cannot be embedded.

        """
        try:
            self._serve()
        except (ImportError, TypeError, AttributeError) as err:
            import granian

            raise Unsupported(
                f"granian {granian.__version__} cannot be embedded ({err}); install granian 2.8"
            ) from err

    def turn_away(self) -> None:
        """Accept no more connections; those that wait stay for other processes."""
        turn_away(self._descriptor)

    async def stop(self) -> None:
        """Finish what is in flight, close idle connections, end."""
        self._signal.set()
        await self._ended.wait()

    def _serve(self) -> None:
        # Granian's own description of these does not match what they are.
        rust: Any = import_module("granian._granian")
        futures: Any = import_module("granian._futures")
        self._signal = rust.WorkerSignal()
        self._signal.add_cb(lambda: self._loop.call_soon_threadsafe(self._ended.set))
        unix, websockets, tls, verify = False, False, False, False
        holder = rust.SocketHolder(self._descriptor, unix, _BACKLOG)
        settings = (1, _BLOCKING_THREADS, 1, _IDLE_S, _BACKLOG, "auto", None, None, websockets, None)
        security: tuple[Any, ...] = (tls, None, None, None, "tls1.3", None, [], verify)
        worker = rust.RSGIWorker(1, (None, holder), None, *settings, *security, (None, None))
        watched = futures._future_watcher_wrapper(self._app.__rsgi__)  # noqa: SLF001 - see the module's words
        scheduler = futures._new_cbscheduler(self._loop, watched, impl_asyncio=True)  # noqa: SLF001 - as above
        serve = worker.serve_str if self._mode == "st" else worker.serve_mtr
        serve(scheduler, self._loop, self._signal)
