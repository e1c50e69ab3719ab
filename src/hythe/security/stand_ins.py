"""What stands on the stack of a walked pickle in place of imported and made objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hythe.security.globals import Use

WRAPPER = ("joblib.numpy_pickle", "NumpyArrayWrapper")
"""joblib's announcement that the cells of an array follow in the stream."""


@dataclass(frozen=True, slots=True)
class Global:
    """A name that a loader would import."""

    module: str
    name: str
    use: Use

    @property
    def key(self) -> tuple[str, str]:
        """Module and name."""
        return self.module, self.name

    @property
    def title(self) -> str:
        """The name as a person reads it."""
        return f"{self.module}.{self.name}"


class Mapping:
    """A dict, of which only the values under string keys are kept."""

    __slots__ = ("known",)

    def __init__(self) -> None:
        self.known: dict[str, Any] = {}

    def put(self, items: list[Any]) -> None:
        """Take keys and values in turn."""
        self.known.update(
            (key, value) for key, value in zip(items[::2], items[1::2], strict=True) if type(key) is str
        )


@dataclass(eq=False, slots=True)
class Thing:
    """An object that a loader would have: what makes it, from what, and the states given to it."""

    maker: Any
    args: Any
    states: list[Any] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str] | None:
        """Module and name of its maker, when that is a global."""
        return self.maker.key if isinstance(self.maker, Global) else None

    def build(self, state: Any) -> None:
        """Note a state."""
        self.states.append(state)
