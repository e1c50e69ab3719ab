"""Joins feedback with the predictions that it is of, and scores them; any number of servers may at once."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from hythe.base.clock import DAY_S
from hythe.base.errors import Invalid
from hythe.monitor.outcomes.feedback import OUTCOME
from hythe.monitor.outcomes.scores import outcome_scores
from hythe.registry.catalog import Catalog
from hythe.registry.feedback import FeedbackRecord, covered
from hythe.registry.outcomes import OutcomeRecord
from hythe.registry.windows import JoinRecord
from hythe.runtime.log import Log

_MOST = 500
_DAY_NS = DAY_S * 10**9
_LOG = Log("hythe.feedback")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """For how many days feedback and outcomes are kept.

    `joined` is feedback that met its prediction: it may still be corrected, as long as the prediction's join
    record is there. `waiting` is feedback that did not.
    """

    joined_days: int = 30
    waiting_days: int = 7
    outcomes_days: int = 90

    def __post_init__(self) -> None:
        if min(self.joined_days, self.waiting_days, self.outcomes_days) < 1:
            raise Invalid(
                f"feedback is kept for {self.joined_days} and {self.waiting_days} days; give 1 or more"
            )


class Matched(NamedTuple):
    """How much feedback met its prediction, and whether there may be more to look at."""

    joined: int
    more: bool


class _Kept(msgspec.Struct, frozen=True):
    """What the document of a join record holds that scores need."""

    share: float
    key: str
    outputs: dict[str, list[Any]]
    classes: dict[str, list[Any]] = {}


def match(catalog: Catalog, most_s: float, clock: Callable[[], float] = time.monotonic) -> Matched:
    """Join what is new, for about `most_s` seconds."""
    joined, until = 0, clock() + most_s
    while new := catalog.feedback.new(_MOST):
        joined += _match(catalog, new)
        if clock() >= until:
            return Matched(joined, more=True)
    return Matched(joined, more=False)


def tidy_feedback(catalog: Catalog, now_ns: int, keeping: Keeping) -> dict[str, int]:
    """Remove what is too old; give by endpoint how many rows waited for their predictions in vain."""
    catalog.outcomes.forget(now_ns - keeping.outcomes_days * _DAY_NS)
    return catalog.feedback.forget(
        joined_before_ns=now_ns - keeping.joined_days * _DAY_NS,
        waiting_before_ns=now_ns - keeping.waiting_days * _DAY_NS,
    )


def _match(catalog: Catalog, new: Sequence[FeedbackRecord]) -> int:
    joins = defaultdict(list)
    for join in catalog.observations.joined(sorted({record.id for record in new})):
        joins[join.id].append(_Prediction(join))
    return catalog.feedback.settle({record: _outcomes(record, joins[record.id]) for record in new})


class _Prediction:
    """A join record, whose document is read when it is first needed, and once."""

    def __init__(self, join: JoinRecord) -> None:
        self.join = join
        self._read: _Kept | None = None

    def kept(self) -> _Kept:
        if self._read is None:
            self._read = msgspec.json.decode(self.join.document, type=_Kept)
        return self._read


def _outcomes(record: FeedbackRecord, predictions: Sequence[_Prediction]) -> list[OutcomeRecord] | None:
    """Score the prediction that feedback is of; None where it is not known."""
    found = next((each for each in predictions if covered(record, each.join)), None)
    if found is None:
        return None
    try:
        return _scored(record, found.join, found.kept())
    except (msgspec.MsgspecError, LookupError, TypeError) as err:
        _LOG.error("a prediction cannot be scored", id=record.id, row=record.row, reason=str(err))
        return []


def _scored(record: FeedbackRecord, join: JoinRecord, kept: _Kept) -> list[OutcomeRecord]:
    told = msgspec.json.decode(record.value)
    values: Mapping[str, float] = {record.part: told}
    if record.part == OUTCOME:
        row = record.row - join.first
        values = outcome_scores(
            {name: array[row] for name, array in kept.outputs.items()}, kept.classes, told
        )
    return [
        OutcomeRecord(
            record.id, record.row, metric, value, join.endpoint, join.version, join.revision, kept.share,
            kept.key, join.at_ns, record.told_ns,
        )
        for metric, value in values.items()
    ]  # fmt: skip
