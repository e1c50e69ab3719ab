"""What an environment holds, and the name that it gets from that."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from hythe.bundle.canonical import canonical
from hythe.bundle.lock import Lock, installed_version

_CHILD_NEEDS = ("msgspec", "numpy", "pyarrow")
"""What the child's side of Hythe imports beside the model's own framework."""
_NOT_INSTALLED = "hythe"
"""The child runs the Hythe of its parent, whatever version the lock has: both speak of one mind."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A Python (`3.11`) and the exact versions of all distributions, as `name==version`, sorted."""

    python: str
    pins: tuple[str, ...]

    @classmethod
    def of(cls, lock: Lock) -> Recipe:
        """Take a lock, and what a child needs besides, in the versions that run here.

        >>> recipe = Recipe.of(Lock("3.11.2", {"hythe": "0.1.0", "numpy": "2.4.0", "six": "1.16.0"}))
        >>> recipe.python, [pin for pin in recipe.pins if not pin.startswith(("msgspec", "pyarrow"))]
        ('3.11', ['numpy==2.4.0', 'six==1.16.0'])
        """
        versions = {name: version for name in _CHILD_NEEDS if (version := installed_version(name))}
        versions |= lock.distributions
        versions.pop(_NOT_INSTALLED, None)
        pins = tuple(f"{name}=={version}" for name, version in sorted(versions.items()))
        return cls(".".join(lock.python.split(".")[:2]), pins)

    @property
    def key(self) -> str:
        """The name of its folder: equal environments are built once."""
        return hashlib.sha256(canonical({"python": self.python, "pins": self.pins})).hexdigest()[:20]
