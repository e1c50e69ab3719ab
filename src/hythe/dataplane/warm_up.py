"""A version answers once before it takes traffic, so that its first requests are as quick as later ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from hythe.base.clock import Clock, SystemClock
from hythe.base.errors import CallerError, HytheError, Unavailable
from hythe.dataplane.live import LiveVersion
from hythe.runtime.batch import Batch, join
from hythe.runtime.sample import sample_row

_MANY_ROWS = 32
_TRIES = 3
_MOST_S = 0.5
"""A batch that is expected to take longer is not tried: it would delay the switch more than it saves."""


async def warm_up(live: LiveVersion, example: Mapping[str, Any] | None, clock: Clock | None = None) -> None:
    """Have a started version answer one row and many, a few times; the quickest tells what a call takes.

    The row is the example where the version reads it, else one made to fit its schema. Whether the model
    refuses it does not matter.

    Raises:
        Unavailable: when the model cannot answer here.

    """
    one, clock = _batch(live, example), clock or SystemClock()
    cost = live.batcher.cost
    for rows in (1, _MANY_ROWS):
        if cost.expect(rows) > _MOST_S:
            return
        batch = one if rows == 1 else join([one] * rows)
        taken_s = []
        for _ in range(_TRIES):
            began_s = clock.monotonic_s()
            await _answered(live, batch)
            taken_s.append(clock.monotonic_s() - began_s)
        cost.learn(rows, min(taken_s))


async def _answered(live: LiveVersion, batch: Batch) -> None:
    try:
        outcome = await live.session.run(live.session.feed(batch), math.inf)
    except CallerError:
        return
    except HytheError:
        raise
    except Exception as err:
        raise Unavailable(
            f"version {live.spec.version} cannot answer its example here: {err}; see that the machine has "
            "what the model needs"
        ) from err
    if not outcome.refused.any():
        live.structs(outcome.answers)


def _batch(live: LiveVersion, example: Mapping[str, Any] | None) -> Batch:
    """Read the row as a request's rows are read."""
    if example is not None:
        try:
            batch: Batch = live.reader.decode(msgspec.json.encode({"rows": [example]}))
        except CallerError:
            pass  # it is a row of another version
        else:
            return batch
    made: Batch = live.reader.decode(msgspec.json.encode({"rows": [sample_row(live.spec.schema)]}))
    return made
