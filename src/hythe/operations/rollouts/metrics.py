"""Whether guards can have data at all: what a version answers decides which metrics there are of it."""

from __future__ import annotations

from hythe.base.errors import Invalid
from hythe.bundle.schema import Schema
from hythe.monitor.outcomes.expected import names_labels
from hythe.rollout.policy import Policy

_OF_PROBABILITIES = frozenset({"brier", "log_loss"})
_OF_NUMBERS = frozenset({"absolute_error"})


def check_guards(policy: Policy, *schemas: Schema) -> None:
    """Refuse guards on what one of the two versions does not answer: they would wait for ever.

    Raises:
        Invalid: naming the metric and what is there.

    """
    for guard in policy.everything:
        for schema in schemas:
            _check(guard.metric, schema)


def _check(metric: str, schema: Schema) -> None:
    answers = ", ".join(output.name for output in schema.outputs) or "nothing"
    labels = names_labels(schema.outputs)
    if metric == "accuracy" and not labels:
        raise Invalid(
            f"there is no accuracy of a model without labels (it answers {answers}); guard "
            "absolute_error, or a business value: value:NAME"
        )
    if metric in _OF_PROBABILITIES and not any(output.classes is not None for output in schema.outputs):
        raise Invalid(
            f"there is no {metric} of a model without probabilities (it answers {answers}); guard accuracy, "
            "absolute_error, or a business value: value:NAME"
        )
    if metric in _OF_NUMBERS and labels:
        raise Invalid(
            f"there is no {metric} of a model that names labels (it answers {answers}); guard accuracy, "
            "brier or log_loss"
        )
