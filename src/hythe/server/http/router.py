"""Paths to handlers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple, Protocol, TypeAlias
from urllib.parse import unquote

from hythe.base.errors import NotFound
from hythe.server.http.messages import Reply, WrongMethod

Handler: TypeAlias = Callable[..., Awaitable[Reply]]
"""Takes the request and the path's parameters, in order."""
_MOST_REMEMBERED = 1024


class Route(NamedTuple):
    """A method, a path such as `/predict/{endpoint}` or `/v1/models/{model}:predict`, and who answers it."""

    method: str
    path: str
    handler: Handler


class Door(Protocol):
    """A group of routes that speak one protocol."""

    def routes(self) -> Iterable[Route]:
        """Name the routes."""
        ...


class Router:
    """Finds the handler of a method and a path; found pairs are remembered."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = [(route, route.path.split("/")) for route in routes]
        self._found: dict[tuple[str, str], tuple[Handler, tuple[str, ...]]] = {}

    def find(self, method: str, path: str) -> tuple[Handler, tuple[str, ...]]:
        """Give the handler and the path's parameters.

        Raises:
            NotFound: when no route has this path.
            WrongMethod: when its routes take other methods.

        """
        found = self._found.get((method, path))
        if found is None:
            found = self._search(method, path)
            if len(self._found) < _MOST_REMEMBERED:
                self._found[method, path] = found
        return found

    def _search(self, method: str, path: str) -> tuple[Handler, tuple[str, ...]]:
        steps = path.split("/")
        allowed = []
        for route, template in self._routes:
            parameters = _match(template, steps)
            if parameters is None:
                continue
            if route.method == method or (method == "HEAD" and route.method == "GET"):
                return route.handler, parameters
            allowed.append(route.method)
        if allowed:
            raise WrongMethod(f"{path} does not take {method}; use {' or '.join(allowed)}")
        raise NotFound(f"there is nothing at {path}; /openapi.json lists what there is")


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
