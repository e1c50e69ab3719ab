"""Where a native model may run: in this environment when its goldens hold here, else in the lock's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hythe.base.progress import Progress
from hythe.bundle.lock import Lock, differences
from hythe.operations.environment.build import built, interpreter
from hythe.operations.environment.recipe import Recipe
from hythe.operations.placing import Environment

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Place:
    """An interpreter, "" for the running one, and what to tell people of a model that answers there."""

    python: str = ""
    notice: str = ""


def places(lock: Lock | None, home: Path, choice: Environment, progress: Progress) -> Iterator[Place]:
    """Name where to try, the cheapest first; an environment is built only when the one before was no good.

    Raises:
        Unsupported, Unavailable: when the lock's environment cannot be built.

    """
    apart = () if lock is None else differences(lock)
    if lock is None or not apart:
        yield Place()
        return
    if choice != "lock":
        said = ", ".join(map(str, apart[:_MOST_NAMED])) + (" …" if apart[_MOST_NAMED:] else "")
        yield Place(notice=f"its lock differs from this environment ({said}); its stored rows hold here")
    if choice != "here":
        folder = built(Recipe.of(lock), home, progress)
        yield Place(str(interpreter(folder)), f"runs in an environment as locked: {folder}")
