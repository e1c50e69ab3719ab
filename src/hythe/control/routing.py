"""From a function to a route that describes itself: who may use it, what it answers, what can go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import wraps
from inspect import cleandoc
from typing import Any, TypeAlias

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec

from hythe.control.access import asks
from hythe.security.keys import Verb

Method: TypeAlias = Callable[..., Callable[..., HTTPRouteHandler]]
"""What makes a handler of a method: `get`, `post`, `put` or `delete` of Litestar."""


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is wrong: a sentence, its code (docs/errors.md), and the id that the log knows a 500 by."""

    error: str
    code: str
    id: str = ""


_FAULTS = {
    400: "what was sent cannot be read, or is of a newer Hythe",
    401: "no key or token, or not a valid one",
    403: "the key, or what was asked for, is not for this",
    404: "what was named does not exist",
    409: "something else stands there already, or was changed meanwhile",
    413: "more was sent than fits",
    422: "a value does not fit",
    429: "too much at once",
    500: "a fault of the server, or of what is stored",
    503: "the catalog does not answer",
}
_RESPONSES = {
    number: ResponseSpec(Fault, generate_examples=False, description=words)
    for number, words in _FAULTS.items()
}


def route(
    method: Method, path: str, verb: Verb | None, **options: Any
) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    """Put a function at a path, for callers with `verb` (None for anybody); it runs in a thread.

    Its docstring describes it, and its module and name are the operation's id.
    """

    def put(function: Callable[..., Any]) -> HTTPRouteHandler:
        @wraps(function)
        async def apart(*args: Any, **kwargs: Any) -> Any:
            return await asyncio.to_thread(function, *args, **kwargs)

        words = cleandoc(function.__doc__ or "")
        module = function.__module__.rpartition(".")[2]
        made = method(
            path,
            opt=asks(verb),
            operation_id=f"{module}.{function.__name__}",
            summary=words.partition("\n")[0],
            description=words,
            tags=[module],
            responses=_RESPONSES,
            **options,
        )
        return made(apart)

    return put
