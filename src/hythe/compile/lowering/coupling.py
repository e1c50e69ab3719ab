"""Class probabilities from those of pairs, as libsvm couples them.

Wu, Lin and Weng, "Probability Estimates for Multi-class Classification by Pairwise Coupling", JMLR 5 (2004),
second approach, algorithm 2; with libsvm's starting point, tolerance and number of rounds, since it stops
well before convergence and what it stops at is its answer.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from hythe.compile.graph import Graph, Value
from hythe.compile.loops import repeat
from hythe.compile.lowering.scores import expit

_LEAST = 1e-7
_ROUNDS = 100
_TOLERANCE = 0.005


def coupled_probabilities(scores: Value, count: int) -> Value:
    """Couple [rows, pairs] log-odds of the first of each pair into probabilities [rows, count]."""
    graph = scores.graph
    first = graph.op("Clip", expit(scores), np.asarray(_LEAST), np.asarray(1.0 - _LEAST))
    quadratic = _quadratic(first, count)
    start = quadratic.column(0) * 0.0 + 1.0 / count
    done = start.columns([0]) < 0.0
    state = [start, quadratic, done]
    return repeat(graph, max(_ROUNDS, count), state, lambda body, now: _round(body, now, count))[0]


def _quadratic(first: Value, count: int) -> Value:
    """Build Q [rows, count, count] of equation 14 from the r of each pair."""
    graph = first.graph
    pairs = {pair: first.columns([k]) for k, pair in enumerate(combinations(range(count), 2))}
    against = {(j, i): 1.0 - value for (i, j), value in pairs.items()}
    r = {**pairs, **against}
    cells: list[Value] = []
    for t in range(count):
        for j in range(count):
            if t != j:
                cells.append(-(r[j, t] * r[t, j]))
                continue
            squares = [r[s, t] * r[s, t] for s in range(count) if s != t]
            cells.append(graph.op("Sum", *squares) if len(squares) > 1 else squares[0])
    return graph.concat(cells).reshape(-1, count, count)


def _round(body: Graph, state: list[Value], count: int) -> tuple[Value, list[Value]]:
    """Go once over all classes, for the rows that have not settled."""
    old, quadratic, done = state
    gradient = (quadratic @ old.reshape(-1, count, 1)).reshape(-1, count)
    value = (old * gradient).reduce("Sum", keepdims=True)
    settled = (gradient - value).apply("Abs").reduce("Max", keepdims=True) < _TOLERANCE / count
    done = done | settled
    shares = old
    for t in range(count):
        column = quadratic.column(t)
        own, slope = column.columns([t]), gradient.columns([t])
        step = (value - slope) / own
        whole = step + 1.0
        value = (value + step * (step * own + slope * 2.0)) / whole / whole
        gradient = (gradient + step * column) / whole
        shares = (shares + step * np.eye(count)[t]) / whole
    go_on = ~(done.cast(np.int32).reduce("Min", axis=0).reshape(-1).column(0, axis=0) > 0)
    return go_on, [body.where(done, old, shares), quadratic, done]
