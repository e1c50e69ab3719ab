"""Versions are made ready to serve in a short-lived process of low priority, away from those that answer."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import msgspec

from hythe.base.errors import HytheError, Unavailable
from hythe.base.keep_out import keep_out
from hythe.operations.prepared import Prepared
from hythe.registry.registry import Registry
from hythe.server.worker_spec import Source

_NICE = 10
_LIMIT_S = 600.0


class Wanted(msgspec.Struct, frozen=True):
    """Which version to prepare: `ref` with the `digest` that the plan names, for the server `owner`."""

    source: Source
    ref: str
    digest: str
    owner: int


class Refused(msgspec.Struct, frozen=True, tag=True):
    """Why a version is not ready; `again` when the same may succeed later."""

    reason: str
    again: bool


class Ready(msgspec.Struct, frozen=True, tag=True):
    """A version that may serve."""

    prepared: Prepared


async def prepare_apart(wanted: Wanted) -> Ready | Refused:
    """Prepare a version in a process of its own, which is killed when the caller is cancelled."""
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "hythe.server.prepare"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
    except OSError as err:
        return Refused(f"{wanted.ref}: no process can be started to replay it: {err}", again=True)
    try:
        async with asyncio.timeout(_LIMIT_S):
            told, _ = await process.communicate(msgspec.json.encode(wanted))
        return msgspec.json.decode(told, type=Ready | Refused)
    except TimeoutError:
        return Refused(f"{wanted.ref} is not ready after {_LIMIT_S:.0f} s", again=False)
    except msgspec.DecodeError:
        status = await process.wait()
        return Refused(f"{wanted.ref}: the process that replays it ended with status {status}", again=True)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def main() -> int:
    """Prepare what standard input names, and write the outcome to standard output."""
    os.nice(_NICE)
    with keep_out("pandas"):
        outcome = _outcome(msgspec.json.decode(sys.stdin.buffer.read(), type=Wanted))
    sys.stdout.buffer.write(msgspec.json.encode(outcome))
    sys.stdout.flush()
    return 0


def _outcome(wanted: Wanted) -> Ready | Refused:
    from hythe.operations.prepare import prepare

    source = wanted.source
    registry = Registry.open(Path(source.home), source.catalog)
    try:
        return Ready(
            prepare(
                registry,
                wanted.ref,
                source.variant,
                digest=wanted.digest,
                owner=wanted.owner,
                placing=source.placing,
            )
        )
    except HytheError as err:
        return Refused(str(err), again=isinstance(err, Unavailable) or err.code == "busy")
    finally:
        registry.close()


if __name__ == "__main__":
    sys.exit(main())
