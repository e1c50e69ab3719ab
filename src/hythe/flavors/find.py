"""Which flavor is for which model: entry points in the group `hythe.flavors`, ours and anybody's."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from hythe.base.errors import NotFound, Unsupported
from hythe.flavors.protocol import Flavor

GROUP = "hythe.flavors"
_GENERAL = ("sklearn", "python")
"""Flavors that own more than one framework's models; they are asked last, in this order."""


def flavor_of(model: object) -> Flavor:
    """Find the flavor of a fitted model.

    Raises:
        Unsupported: when no flavor knows the model's type.

    """
    for flavor in _flavors():
        if flavor.owns(model):
            return flavor
    kind = type(model)
    raise Unsupported(
        f"no flavor knows models of type {kind.__module__}.{kind.__qualname__}; known flavors: {_known()}; "
        "give the object a method `predict`, or add a flavor (docs/recipes/add-a-flavor.md)"
    )


def flavor_for(path: Path) -> Flavor:
    """Find the flavor that reads a model file, by its name and its first bytes.

    Raises:
        NotFound: when there is no such file.
        Unsupported: when no flavor reads it.

    """
    if not path.is_file():
        raise NotFound(f"there is no file {str(path)!r}; give the path of a saved model")
    for flavor in _flavors():
        if flavor.reads(path):
            return flavor
    raise Unsupported(
        f"no flavor reads the file {path.name!r}; known flavors: {_known()}; save the model with its "
        "framework's own function, or with joblib.dump"
    )


def named(name: str) -> Flavor:
    """Give the flavor called `name`.

    Raises:
        Unsupported: when there is none, or it cannot be imported.

    """
    return at(name, "")


def point_of(name: str) -> str:
    """Say where the flavor called `name` is: `module:attribute`; raises Unsupported when there is none.

    A process of another environment finds it there, by `at`, without this environment's entry points.
    """
    point = _points().get(name)
    if point is None:
        raise Unsupported(f"there is no flavor {name!r}; known flavors: {_known()}")
    return point.value


def at(name: str, point: str) -> Flavor:
    """Give the flavor called `name` that is at `point`, or where `named` finds it when `point` is empty.

    Raises:
        Unsupported: when there is none, or it cannot be imported.

    """
    return _loaded(EntryPoint(name, point or point_of(name), GROUP))


def names() -> tuple[str, ...]:
    """Name the installed flavors, whether they load or not."""
    return tuple(sorted(_points()))


@lru_cache(maxsize=1)
def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _known() -> str:
    return ", ".join(names())


def _flavors() -> list[Flavor]:
    """Load the flavors, the specific ones first; one that does not load is passed over."""
    found: list[Flavor] = []
    for name in sorted(_points(), key=lambda n: (_GENERAL.index(n) if n in _GENERAL else -1, n)):
        try:
            found.append(_load(_points()[name]))
        except Exception:  # noqa: BLE001, S112 - a broken third party must not break the others; `named` says why
            continue
    return found


def _loaded(point: EntryPoint) -> Flavor:
    try:
        return _load(point)
    except Exception as err:
        raise Unsupported(
            f"the flavor {point.name!r} ({point.value}) cannot be loaded: {err}; reinstall its package"
        ) from err


def _load(point: EntryPoint) -> Flavor:
    flavor = point.load()
    if not isinstance(flavor, Flavor):
        raise TypeError(f"{point.value} lacks a method of hythe.flavors.protocol.Flavor")
    return flavor
