"""Paths find their handlers."""

import pytest

from hythe.base.errors import NotFound
from hythe.base.http_errors import WrongMethod
from hythe.server.http.messages import Reply
from hythe.server.http.router import Route, Router


async def about(*_arguments: str) -> Reply:
    return Reply(b"about")


async def predict(*_arguments: str) -> Reply:
    return Reply(b"predict")


ROUTER = Router(
    [
        Route("POST", "/v1/models/{model}:predict", predict),
        Route("GET", "/v1/models/{model}", about),
        Route("POST", "/v1/models/{model}/versions/{version}:predict", predict),
    ]
)


def found(method: str, target: str) -> tuple[object, tuple[str, ...]]:
    route, parameters = ROUTER.find(method, target)
    return route.handler, parameters


def test_a_step_may_end_in_a_verb() -> None:
    assert found("POST", "/v1/models/churn:predict") == (predict, ("churn",))
    assert found("POST", "/v1/models/churn/versions/1.0.0:predict") == (predict, ("churn", "1.0.0"))
    assert found("GET", "/v1/models/churn") == (about, ("churn",))


def test_parameters_are_unquoted() -> None:
    assert found("POST", "/v1/models/a%20b:predict") == (predict, ("a b",))


def test_a_verb_that_is_not_known_is_not_found() -> None:
    with pytest.raises(WrongMethod):
        ROUTER.find("POST", "/v1/models/churn:explain")
    with pytest.raises(NotFound):
        ROUTER.find("POST", "/v1/models/churn/versions/1.0.0:explain")


def test_a_path_with_a_verb_takes_the_verbs_method_alone() -> None:
    with pytest.raises(WrongMethod, match=r"does not take GET; use POST$"):
        ROUTER.find("GET", "/v1/models/churn:predict")
