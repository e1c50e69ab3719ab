"""A policy checks itself."""

from typing import Any

import pytest

from hythe.base.errors import Invalid
from hythe.rollout.guard import Guard
from hythe.rollout.policy import Policy, Strategy

QUESTION = Guard("accuracy")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"strategy": "yolo"}, "strategy is 'yolo'; use one of shadow-canary, canary"),
        ({"alpha": 0.0}, "alpha is 0.0; give a probability between 0 and 1"),
        ({"alpha": 1.0}, "alpha is 1.0"),
        ({"alpha": float("nan")}, "alpha is nan"),
        ({"steps": (0.5, 0.1)}, "steps are 0.5, 0.1; give growing shares"),
        ({"steps": (0.5, 1.0)}, "steps are 0.5, 1; give growing shares"),
        ({"steps": ()}, "a shadow-canary rollout has no steps"),
        ({"step_s": -1.0}, "step_s is -1.0"),
        ({"most_s": float("inf")}, "most_s is inf"),
        ({"least_units": 0}, "least_units is 0"),
        ({"shadow_share": 0.0}, "shadow_share is 0.0"),
        ({"floor": 0.5}, "floor is 0.5"),
        ({"strategy": "ab"}, "a rollout by ab needs a question"),
        ({"question": QUESTION}, "a shadow-canary rollout asks no question; put accuracy among the guards"),
        ({"strategy": "ab", "question": Guard("prediction")}, "prediction is no question"),
        ({"strategy": "ab", "question": Guard("latency_p99")}, "latency_p99 is no question"),
        ({"strategy": "ab", "question": Guard("disagreement")}, "disagreement is compared in shadow"),
        (
            {"strategy": "ab", "question": QUESTION, "guards": (QUESTION,)},
            "two guards on accuracy",
        ),
        ({"guards": (QUESTION, Guard("accuracy", margin=0.1))}, "two guards on accuracy"),
        ({"strategy": "canary", "guards": (Guard("movement"),)}, "movement is compared in shadow"),
        ({"strategy": "shadow", "guards": (QUESTION,)}, "takes no traffic, so accuracy has no data"),
        (
            {"strategy": "canary", "guards": (Guard("accuracy", share=0.7), Guard("brier", share=0.7))},
            r"shares of alpha add up to 1\.4",
        ),
        (
            {"strategy": "canary", "guards": (Guard("accuracy", share=1.0), Guard("brier"))},
            "leave no alpha to brier",
        ),
    ],
)
def test_a_policy_that_cannot_be_followed_is_refused(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        Policy(**fields)


@pytest.mark.parametrize(
    ("strategy", "usual"),
    [
        ("canary", "error_rate latency_p99 refusal_rate"),
        ("shadow-canary", "error_rate latency_p99 refusal_rate disagreement shadow_errors"),
        ("shadow", "disagreement shadow_errors"),
        ("ab", "error_rate latency_p99 refusal_rate"),
    ],
)
def test_every_strategy_has_its_usual_guards(strategy: Strategy, usual: str) -> None:
    policy = Policy(strategy=strategy, question=QUESTION if strategy == "ab" else None)
    assert " ".join(guard.metric for guard in policy.all_guards) == usual


def test_guards_on_traffic_do_not_stand_in_for_those_on_shadows() -> None:
    policy = Policy(guards=(Guard("accuracy"),))
    assert [guard.metric for guard in policy.all_guards] == ["accuracy", "disagreement", "shadow_errors"]
    policy = Policy(guards=(Guard("movement", margin=0.5),))
    assert [guard.metric for guard in policy.all_guards][-1] == "movement"
    assert len(policy.all_guards) == 4


def test_a_question_on_a_usual_guards_metric_takes_its_place() -> None:
    policy = Policy(strategy="ab", question=Guard("error_rate"))
    assert [guard.metric for guard in policy.everything] == ["latency_p99", "refusal_rate", "error_rate"]


def test_alpha_is_shared_out_over_the_guards_and_the_question() -> None:
    guards = (Guard("error_rate", share=0.5), Guard("refusal_rate"))
    policy = Policy(strategy="ab", guards=guards, question=QUESTION, alpha=0.04)
    assert [policy.alpha_of(guard) for guard in policy.everything] == [0.02, 0.01, 0.01]
