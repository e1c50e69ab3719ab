"""What every catalog promises of predictions with their labels: named checks, as in `catalog_checks`."""

from __future__ import annotations

from collections.abc import Sequence

from hythe.registry.feedback import FeedbackRecord
from hythe.registry.labelled import LabelledPrediction
from hythe.registry.windows import Delivery, JoinRecord
from hythe.testing.catalog_checks import Check, Open

_S = 10**9


def labels_are_found_by_the_time_they_were_told(opened: Open) -> None:
    """Find what was told from one second up to another, whenever it was predicted."""
    _join(opened, "a", "b", "c")
    _tell(opened, "a", at_s=10)
    _tell(opened, "b", at_s=20)
    _tell(opened, "c", at_s=30)
    assert _ids(opened().labelled.told("churn", 10 * _S, 30 * _S, 9)) == ["a", "b"]
    assert _ids(opened().labelled.told("fraud", 0, 99 * _S, 9)) == []


def a_correction_leaves_a_label_where_it_was_first_told(opened: Open) -> None:
    """Give the newest value in the time of the first telling, and in no other."""
    _join(opened, "a")
    _tell(opened, "a", at_s=10, value='"yes"')
    _tell(opened, "a", at_s=50, value='"no"')
    [found] = opened().labelled.told("churn", 0, 40 * _S, 9)
    assert [part.value for part in found.told] == ['"no"']
    assert opened().labelled.told("churn", 40 * _S, 99 * _S, 9) == []


def what_waits_for_its_prediction_is_no_label(opened: Open) -> None:
    """Leave out what was told of a prediction that is not there."""
    _tell(opened, "a", at_s=10)
    assert opened().labelled.told("churn", 0, 99 * _S, 9) == []


def predictions_are_found_by_the_time_they_were_made(opened: Open) -> None:
    """Find a version's predictions, labelled or not."""
    _join(opened, "a", at_s=5)
    _join(opened, "a", first=2, at_s=6)
    _join(opened, "b", at_s=7, version="2.0.0")
    _join(opened, "c", at_s=30)
    _tell(opened, "a", row=3, at_s=50)
    found = opened().labelled.predicted("churn", "1.0.0", 5 * _S, 30 * _S, 9)
    assert [(each.join.first, each.told) for each in found] == [(0, ()), (2, ())]
    assert opened().labelled.count("churn", "1.0.0", 5 * _S, 30 * _S) == 4
    assert opened().labelled.count("churn", "3.0.0", 0, 99 * _S) == 0


def a_label_is_with_the_rows_that_it_is_of(opened: Open) -> None:
    """Give each part of a request that was kept what was told of its own rows."""
    _join(opened, "a", at_s=5)
    _join(opened, "a", first=2, at_s=6)
    _tell(opened, "a", row=3, at_s=50)
    found = opened().labelled.told("churn", 0, 99 * _S, 9)
    assert [(each.join.first, [part.row for part in each.told]) for each in found] == [(0, []), (2, [3])]


def of_more_than_is_asked_for_the_same_sample_is_given(opened: Open) -> None:
    """Choose by the random end of the ids."""
    names = [f"017f22e2-79b0-7000-8000-{place:012x}" for place in (5, 90, 40, 7)]
    _join(opened, *names)
    for name in names:
        _tell(opened, name, at_s=10)
    wanted = sorted([names[1], names[2]])
    assert _ids(opened().labelled.told("churn", 0, 99 * _S, 2)) == wanted
    assert _ids(opened().labelled.predicted("churn", "1.0.0", 0, 99 * _S, 2)) == wanted


def _join(opened: Open, *names: str, first: int = 0, at_s: int = 1, version: str = "1.0.0") -> None:
    joins = tuple(JoinRecord(name, first, 2, at_s * _S, "churn", version, "{}") for name in names)
    server = f"{'-'.join(names)}-{first}"
    opened().observations.store(Delivery(server, 1, 1, {}, joins=joins))


def _tell(opened: Open, name: str, *, at_s: int, row: int = 0, value: str = '"yes"') -> None:
    """Tell an outcome, and let it meet its prediction."""
    catalog = opened()
    record = FeedbackRecord(name, row, "churn", "outcome", value, at_s * _S, at_s * _S)
    catalog.feedback.put([record])
    for new in catalog.feedback.new():
        catalog.feedback.settle({new: [] if catalog.observations.joined([new.id]) else None})


def _ids(found: Sequence[LabelledPrediction]) -> list[str]:
    return sorted({each.join.id for each in found})


CHECKS: Sequence[Check] = (
    labels_are_found_by_the_time_they_were_told,
    a_correction_leaves_a_label_where_it_was_first_told,
    what_waits_for_its_prediction_is_no_label,
    predictions_are_found_by_the_time_they_were_made,
    a_label_is_with_the_rows_that_it_is_of,
    of_more_than_is_asked_for_the_same_sample_is_given,
)
