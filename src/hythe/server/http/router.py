"""Paths to handlers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple, Protocol, TypeAlias
from urllib.parse import unquote

from hythe.base.errors import NotFound
from hythe.base.http_errors import WrongMethod
from hythe.server.http.messages import Reply

Handler: TypeAlias = Callable[..., Awaitable[Reply]] | Callable[..., None]
"""Takes the request and the path's parameters, in order; gives the reply, or (an instant one) sees to it."""
_MOST_REMEMBERED = 1024
_VERB = "}:"
"""In the path of a route whose last step ends in a verb; such a route is more specific than one without."""


class Route(NamedTuple):
    """A method, a path such as `/predict/{endpoint}` or `/v1/models/{model}:predict`, and who answers it.

    The handler of an `instant` route is no coroutine and replies by itself; it takes the application first.
    An `open` route asks nobody for a key.
    """

    method: str
    path: str
    handler: Handler
    instant: bool = False
    open: bool = False


class Door(Protocol):
    """A group of routes that speak one protocol."""

    def routes(self) -> Iterable[Route]:
        """Name the routes."""
        ...


class Router:
    """Finds the handler of a method and a path; found pairs are remembered."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = [(route, route.path.split("/")) for route in routes]
        self._found: dict[tuple[str, str], tuple[Route, tuple[str, ...]]] = {}

    def find(self, method: str, target: str) -> tuple[Route, tuple[str, ...]]:
        """Give the route and the path's parameters; `target` is the path as it came, perhaps with a query.

        Raises:
            NotFound: when no route has this path.
            WrongMethod: when its routes take other methods.

        """
        found = self._found.get((method, target))
        if found is None:
            found = self._search(method, _path(target))
            if len(self._found) < _MOST_REMEMBERED:
                self._found[method, target] = found
        return found

    def _search(self, method: str, path: str) -> tuple[Route, tuple[str, ...]]:
        steps = path.split("/")
        matching = [(route, _match(template, steps)) for route, template in self._routes]
        found = [(route, parameters) for route, parameters in matching if parameters is not None]
        with_verb = [(route, parameters) for route, parameters in found if _VERB in route.path]
        allowed = []
        for route, parameters in with_verb or found:
            if route.method == method or (method == "HEAD" and route.method == "GET"):
                return route, parameters
            allowed.append(route.method)
        if allowed:
            raise WrongMethod(f"{path} does not take {method}; use {' or '.join(allowed)}", allowed)
        raise NotFound(f"there is nothing at {path}; /openapi.json lists what there is")


def _path(target: str) -> str:
    """Leave out the query, and what a proxy may write before the path (RFC 9112, section 3.2.2).

    >>> _path("http://example.org/predict/churn?x=1")
    '/predict/churn'
    """
    path = target.partition("?")[0]
    if not path.startswith("/") and "://" in path:
        path = "/" + path.partition("://")[2].partition("/")[2]
    return path


def _match(template: list[str], steps: list[str]) -> tuple[str, ...] | None:
    if len(template) != len(steps):
        return None
    parameters = []
    for wanted, given in zip(template, steps, strict=True):
        if not wanted.startswith("{"):
            if wanted != given:
                return None
            continue
        suffix = wanted.partition("}")[2]
        parameter = given.removesuffix(suffix)
        if len(parameter) + len(suffix) != len(given):
            return None
        parameters.append(unquote(parameter))
    return tuple(parameters)
