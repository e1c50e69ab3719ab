"""The gRPC process: loads the models, then serves gRPC until its parent says stop.

Run by the parent as `python -m hythe.server.grpc.worker PLACE TALK SPEC`: its place in the shared memory, and
two inherited file descriptors. Nothing here imports a model framework or the catalog.
"""

from __future__ import annotations

import asyncio
import gc
import sys

from hythe.base.errors import HytheError, Unsupported
from hythe.base.keep_out import keep_out
from hythe.runtime.parent import End, Parent, new_loop
from hythe.server.serving import Serving
from hythe.server.waiting import wait_for_posting
from hythe.server.worker_spec import WorkerSpec

_IMPORTS = ("hythe.server.grpc.server", "onnxruntime", "uvloop")


def main(place: int, talk: int, spec: int) -> int:
    """Serve; gives the exit status."""
    told = WorkerSpec.read(spec)
    if not wait_for_posting(told.descriptors.bulletin, talk, _IMPORTS):
        return 0
    with keep_out("pandas"), asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(_work(told, place, Parent(talk)))


async def _work(spec: WorkerSpec, place: int, parent: Parent) -> int:
    try:
        try:
            from hythe.server.grpc.server import GrpcServer
        except ImportError as err:
            raise Unsupported(f"gRPC needs {err.name}; install 'hythe[grpc]'") from err
        serving = Serving(spec, place)
        await serving.start()
        server = GrpcServer(
            serving.plane,
            serving.counters,
            serving.gate,
            serving.in_flight,
            serving.turned_away,
            tls=spec.tls,
        )
        gc.collect()
        gc.freeze()
        await server.start(spec.host, spec.grpc_port)
    except HytheError as err:
        parent.failed(err)
        return 1
    following = asyncio.create_task(serving.follow())
    parent.ready()
    end = await parent.says_stop(server.drain)
    await server.leave(successor=end is not End.STOP)
    following.cancel()
    await serving.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
