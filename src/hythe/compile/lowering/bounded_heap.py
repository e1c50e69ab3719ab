"""The bounded heap in which scikit-learn's neighbour searches keep the nearest points so far.

Among equal distances it keeps what its pushes happen to leave, so ties are found by doing the same pushes:
`sklearn.utils._heap.heap_push`, for all rows at once, and only those pushes that change something.
"""

from __future__ import annotations

import numpy as np

from hythe.compile.graph import Graph, Value
from hythe.compile.loops import repeat


def pushed(graph: Graph, distances: Value, size: int, points: int) -> tuple[Value, Value]:
    """Push `distances` [rows, points] left to right; give the kept ones and their positions [rows, size].

    Places that no finite distance took hold infinity.
    """
    flags = distances.is_nan().columns([0]).cast(np.float64)
    kept = flags * 0.0 + np.append(np.full(size, np.inf), -np.inf)
    places = kept.is_nan().cast(np.int64)
    last = places.columns([0]) - 1
    state = [kept, places, last, distances]
    kept, places, _, _ = repeat(graph, points, state, lambda body, now: _push(body, now, size, points))
    chosen = list(range(size))
    return kept.columns(chosen), places.columns(chosen)


def _push(body: Graph, state: list[Value], size: int, points: int) -> tuple[Value, list[Value]]:
    """Find each row's next distance below the top of its heap, and let it sink in from the top."""
    kept, places, last, distances = state
    positions = np.arange(points)
    beyond = -(last - positions) > 0
    smaller = ((distances < kept.columns([0])) & beyond).cast(np.float32)
    active = ~smaller.reduce("Max", keepdims=True).equals(np.asarray(0.0, dtype=np.float32))
    found = smaller.argmax().reshape(-1, 1)
    value = body.op("GatherElements", distances, found, axis=1)
    sunk, moved = _sunk(body, (kept, places), (value, found), size)
    go_on = active.cast(np.int32).reduce("Max", axis=0).reshape(-1).column(0, axis=0) > 0
    left = [
        body.where(active, sunk, kept),
        body.where(active, moved, places),
        body.where(active, found, points),
        distances,
    ]
    return go_on, left


def _sunk(
    body: Graph, heap: tuple[Value, Value], item: tuple[Value, Value], size: int
) -> tuple[Value, Value]:
    """Replace the top by `item`: it changes places with its greater child, the left one of equals."""
    (kept, places), (value, place) = heap, item
    at = place * 0
    edge = np.asarray(size)
    for _ in range(max(size, 1).bit_length()):
        left = body.op("Min", at * 2 + 1, edge)
        right = body.op("Min", at * 2 + 2, edge)
        of_left, of_right = (body.op("GatherElements", kept, child, axis=1) for child in (left, right))
        child = body.where(of_left >= of_right, left, right)
        greatest = body.op("Max", of_left, of_right)
        sinks = value < greatest
        rising = body.op("GatherElements", places, child, axis=1)
        kept = body.op("ScatterElements", kept, at, body.where(sinks, greatest, value), axis=1)
        places = body.op("ScatterElements", places, at, body.where(sinks, rising, place), axis=1)
        at = body.where(sinks, child, at)
    return kept, places
