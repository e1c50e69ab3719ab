"""Answer the rows of a batch that a model answers, and name those that it refuses, where the batch raises."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hythe.base.errors import Invalid
from hythe.bundle.outcome import Answers, Outcome
from hythe.bundle.rows import Rows, count
from hythe.compile.refusals import Asked, reason

MOST_CALLS = 1024
"""Halving a batch of up to 512 rows down to single ones takes no more."""
MOST_REASONS = 64
_MOST_WORDS = 500
_UNTOLD = "more rows of its batch are refused than can be told apart; send fewer rows"


class OutOfMemory(BaseException):
    """The model ran out of memory. That is no refusal of a row, so halving a batch must not catch it."""


def answer(predict: Callable[[Rows], Answers], rows: Rows) -> Outcome:
    """Ask for all rows at once and, where that raises, by halves down to the rows that raise alone.

    Raises:
        OutOfMemory: in place of MemoryError.

    >>> def root(rows):
    ...     if (rows["x"] < 0).any():
    ...         raise ValueError("negative")
    ...     return {"value": np.sqrt(rows["x"])}
    >>> outcome = answer(root, {"x": np.array([4.0, -1.0, 9.0])})
    >>> outcome.answers["value"].tolist(), outcome.reasons
    ([2.0, 0.0, 3.0], {1: 'ValueError: negative'})
    """
    call = _watched(predict)
    try:
        return Outcome.answered(call(rows))
    except Exception as err:  # noqa: BLE001 - whatever the model raises is its refusal
        return _told_apart(call, rows, reason(err))


def _told_apart(call: Callable[[Rows], Answers], rows: Rows, said: str) -> Outcome:
    """Find the rows that a batch raised on, which `said` it."""
    total = count(rows)
    asked = Asked(call, rows, MOST_CALLS)
    if total == 1:
        asked.refusals[0] = said
    else:
        _ask_halves(asked, total)
    outcome = asked.outcome(total)
    reasons = {row: asked.refusals[row][:_MOST_WORDS] for row in sorted(asked.refusals)[:MOST_REASONS]}
    return Outcome(outcome.answers, outcome.refused, reasons)


def _ask_halves(asked: Asked, total: int) -> None:
    try:
        for half in np.array_split(np.arange(total), 2):
            asked.ask(half)
    except Invalid:  # the calls are used up
        answered = {int(row) for positions, _ in asked.parts for row in positions}
        for row in set(range(total)) - answered:
            asked.refusals.setdefault(row, _UNTOLD)


def _watched(predict: Callable[[Rows], Answers]) -> Callable[[Rows], Answers]:
    def call(rows: Rows) -> Answers:
        try:
            return predict(rows)
        except MemoryError as err:
            raise OutOfMemory(str(err)) from err

    return call
