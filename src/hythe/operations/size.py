"""How many processes and threads a server takes, from the machine and from how long the models take."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from hythe.base.errors import HytheError, Invalid
from hythe.base.machine import cpus, memory_bytes
from hythe.operations.find import find
from hythe.operations.serve_plan import wanted
from hythe.registry.registry import Registry
from hythe.rollout.plan import Plan

_LONG_US = 5000.0
"""From here on a row takes so long that answering one faster is worth more than answering several."""
_MOST_THREADS = 4
_WORKER_BYTES = 200 * 2**20
_SHARE = 0.5
"""How much of the memory workers may take, by what one of them needs without its models."""


@dataclass(frozen=True, slots=True)
class Size:
    """What a server takes: processes, threads of one model's session; `why` says from what that follows."""

    workers: int
    threads: int
    why: str


def size(
    registry: Registry,
    refs: Sequence[str],
    variant: str | None,
    workers: int | None,
    threads: int | None,
    instances: int = 1,
) -> Size:
    """Choose what is not given, so that processes times threads times instances are the processors.

    A model that takes long for a row gets more threads, others more processes. The times are those that
    packing measured. Raises as `find` and `wanted`.
    """
    named = {name for ref in refs for name in wanted(registry.catalog, ref).versions}
    row_us = max(_row_us(registry, name, variant) for name in named)
    return choose(cpus(), memory_bytes(), row_us, workers, threads, instances)


def size_of_all(registry: Registry, variant: str | None, workers: int | None, threads: int | None) -> Size:
    """Choose as `size`, for the versions of all endpoints; one that cannot be found counts for nothing."""
    row_us = 0.0
    for record in registry.catalog.plans():
        with suppress(HytheError, msgspec.ValidationError):
            plan = msgspec.convert(record.document, Plan)
            model = plan.model or record.endpoint
            row_us = max(row_us, *(_row_us(registry, f"{model}:{arm.version}", variant) for arm in plan.arms))
    return choose(cpus(), memory_bytes(), row_us, workers, threads)


def choose(
    processors: float,
    memory: int,
    row_us: float,
    workers: int | None = None,
    threads: int | None = None,
    instances: int = 1,
) -> Size:
    """Choose from numbers alone; raises Invalid where there is to be no instance.

    >>> choose(processors=8.0, memory=2**34, row_us=30.0)
    Size(workers=8, threads=1, why='8 processors, 16 GiB, at most 30 µs a row')
    >>> choose(processors=8.0, memory=2**34, row_us=20_000.0).threads
    4
    >>> choose(processors=8.0, memory=2**34, row_us=30.0, instances=4).workers
    2
    """
    if instances < 1:
        raise Invalid(f"instances is {instances}; give 1 or more")
    usable = max(1, int(processors) // instances)
    if threads is None:
        threads = min(_MOST_THREADS, max(1, usable // (workers or 1))) if row_us >= _LONG_US else 1
    if workers is None:
        workers = max(1, min(usable // threads, int(memory * _SHARE) // _WORKER_BYTES))
    why = f"{processors:g} processors, {memory / 2**30:.3g} GiB, at most {row_us:.3g} µs a row"
    return Size(workers, threads, why)


def _row_us(registry: Registry, ref: str, variant: str | None) -> float:
    found = find(registry, ref, variant)
    return float(found.record.facts.get("timings_us", {}).get(found.variant, 0.0))
