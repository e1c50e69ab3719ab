"""The constant of a plan fits the outputs, or is refused."""

from typing import Any

import numpy as np
import pytest

from hythe.base.errors import Invalid
from hythe.bundle.schema import Output
from hythe.dataplane.constant import constant_answers

CLASSIFIER = (Output("label", "str"), Output("probabilities", "float64", (2,), ("no", "yes")))
OTHERS = (Output("value", "float64"), Output("flag", "bool"), Output("count", "int8"))


def test_scores_may_be_named_by_their_classes_or_listed() -> None:
    named = constant_answers(CLASSIFIER, {"label": "no", "probabilities": {"yes": 0.25, "no": 0.75}}, 3)
    listed = constant_answers(CLASSIFIER, {"label": "no", "probabilities": [0.75, 0.25]}, 3)
    for answers in (named, listed):
        assert answers["label"].tolist() == ["no"] * 3
        assert answers["probabilities"].tolist() == [[0.75, 0.25]] * 3


def test_values_get_the_types_of_the_outputs() -> None:
    answers = constant_answers(OTHERS, {"value": 1, "flag": True, "count": 7.0}, 2)
    dtypes = {name: array.dtype for name, array in answers.items()}
    assert dtypes == {"value": np.float64, "flag": np.bool_, "count": np.int8}
    assert answers["count"].tolist() == [7, 7]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"label": "no"}, "give a value for each"),
    ({"label": "no", "probabilities": [0.5, 0.5], "more": 1}, "give a value for each"),
    ({"label": 1, "probabilities": [0.5, 0.5]}, "1 for 'label'; give str"),
    ({"label": "no", "probabilities": 0.5}, r"0\.5 for 'probabilities'; give float64 \[2\]"),
    ({"label": "no", "probabilities": [0.5]}, "probabilities"),
    ({"label": "no", "probabilities": [[0.5, 0.5]]}, "probabilities"),
    ({"label": "no", "probabilities": [0.5, [0.5]]}, "probabilities"),
    ({"label": "no", "probabilities": {"no": 1.0}}, "probabilities"),
    ({"label": "no", "probabilities": ["a", "b"]}, "probabilities"),
    ({"label": "no", "probabilities": [0.5, None]}, "probabilities"),
]


@pytest.mark.parametrize(("constant", "message"), WRONG, ids=range(len(WRONG)))
def test_a_constant_that_does_not_fit_is_refused(constant: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        constant_answers(CLASSIFIER, constant, 1)


@pytest.mark.parametrize(
    "changed", [{"flag": 1}, {"value": True}, {"count": 1.5}, {"count": 300}, {"value": "1"}], ids=range(5)
)
def test_a_value_of_another_type_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match=next(iter(changed))):
        constant_answers(OTHERS, {"value": 1.0, "flag": True, "count": 7, **changed}, 1)
