"""Guards on what a model does not answer are refused before they wait for ever."""

import pytest

from hythe.base.errors import Invalid
from hythe.bundle.schema import Column, Output, Schema
from hythe.operations.rollouts.metrics import check_guards
from hythe.rollout.guard import Guard
from hythe.rollout.policy import Policy

NUMBER, TEXT = Output("value", "float64"), Output("value", "str")
CLASSES = (Output("label", "str"), Output("probabilities", "float64", (2,), ("no", "yes")))


def schema(*outputs: Output) -> Schema:
    return Schema((Column("x", "float64"),), outputs)


@pytest.mark.parametrize(
    ("metric", "outputs", "refused"),
    [
        ("accuracy", (NUMBER,), "without labels"),
        ("accuracy", (TEXT,), ""),
        ("accuracy", CLASSES, ""),
        ("brier", (TEXT,), "without probabilities"),
        ("brier", CLASSES, ""),
        ("absolute_error", (NUMBER,), ""),
        ("absolute_error", (TEXT,), "names labels"),
        ("absolute_error", CLASSES, "names labels"),
    ],
)
def test_a_metric_is_of_what_the_model_answers(
    metric: str, outputs: tuple[Output, ...], refused: str
) -> None:
    bounds = (0.0, 1.0) if metric == "absolute_error" else None
    policy = Policy(strategy="canary", guards=(Guard(metric, range=bounds),))
    if not refused:
        check_guards(policy, schema(*outputs))
        return
    with pytest.raises(Invalid, match=refused):
        check_guards(policy, schema(*outputs))
