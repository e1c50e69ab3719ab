"""The exact versions of everything that a model needs to run as it did when it was packed."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from typing import TYPE_CHECKING

import msgspec

from hythe.base.errors import Invalid
from hythe.bundle.canonical import canonical
from hythe.bundle.documents import decode

if TYPE_CHECKING:
    from packaging.markers import Marker
    from packaging.requirements import Requirement


class Lock(msgspec.Struct, frozen=True, omit_defaults=True):
    """Distributions by normalised name with their versions, and the Python version; no platform, no hashes.

    `requirements` are the distributions that were asked for; `distributions` holds them and all that they
    need, as their metadata say for the surroundings they were locked in.
    """

    python: str
    distributions: dict[str, str]
    requirements: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """Write canonical JSON."""
        return canonical(self)

    @classmethod
    def decode(cls, raw: bytes) -> Lock:
        """Read what `encode` wrote; raises Corrupt when it cannot be read."""
        return decode(raw, cls, "the lock")

    def pins(self) -> str:
        """Write a requirements file that pip installs the same versions from.

        >>> print(Lock("3.11.2", {"numpy": "2.4.0"}).pins(), end="")
        numpy==2.4.0
        """
        return "".join(f"{name}=={version}\n" for name, version in sorted(self.distributions.items()))


class Difference(msgspec.Struct, frozen=True):
    """A distribution (or `python`) whose version here is not the locked one; None: it is not installed."""

    name: str
    locked: str
    here: str | None

    def __str__(self) -> str:
        """Say it in words.

        >>> str(Difference("numpy", "2.4.0", None))
        'numpy 2.4.0 is not installed here'
        """
        if self.here is None:
            return f"{self.name} {self.locked} is not installed here"
        return f"{self.name} is {self.here} here, and was {self.locked}"


def take_lock(requirements: Iterable[str]) -> Lock:
    """Lock what is installed here of `requirements` and all that they need.

    A requirement is a name, with extras where it needs some: `skops`, `uvicorn[standard]`. What a
    distribution needs only elsewhere (another system, another Python) is left out.

    Raises:
        Invalid: when a requirement cannot be read, or is not installed.

    """
    from packaging.utils import canonicalize_name

    roots = tuple(sorted(set(requirements)))
    versions: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [_parsed(root) for root in roots]
    for requirement in waiting:
        if installed_version(requirement.name) is None:
            raise Invalid(f"the model needs {requirement.name!r}, which is not installed here; install it")
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        version = installed_version(name)
        if version is None:
            continue
        versions[name] = version
        for extra in ("", *sorted(requirement.extras)):
            if (name, extra) not in seen:
                seen.add((name, extra))
                waiting.extend(_needs(name, extra))
    return Lock(platform.python_version(), dict(sorted(versions.items())), roots)


def _parsed(text: str) -> Requirement:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Requirement(text)
    except InvalidRequirement as err:
        raise Invalid(f"{text!r} is no requirement: {err}; name a distribution, like 'scikit-learn'") from err


def _needs(name: str, extra: str) -> Iterator[Requirement]:
    for text in metadata.requires(name) or ():
        requirement = _parsed(text)
        if _applies(requirement.marker, extra):
            yield requirement


def _applies(marker: Marker | None, extra: str) -> bool:
    """Tell whether a dependency holds here; those of an extra hold only when it was asked for."""
    if marker is None:
        return not extra
    if extra and marker.evaluate({"extra": ""}):
        return False
    return marker.evaluate({"extra": extra})


def installed_version(name: str) -> str | None:
    """Give the version of a distribution installed here; None where it is not."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def differences(
    lock: Lock,
    here: Callable[[str], str | None] = installed_version,
    python: str | None = None,
) -> tuple[Difference, ...]:
    """List what differs between the lock and the running environment, by name.

    Python counts as different when its major or minor version does.

    >>> lock = Lock("3.11.2", {"numpy": "2.4.0", "scipy": "1.17.0"})
    >>> [str(found) for found in differences(lock, {"numpy": "2.4.0", "scipy": "1.16.0"}.get, "3.11.9")]
    ['scipy is 1.16.0 here, and was 1.17.0']
    """
    running = python or platform.python_version()
    found = [
        Difference(name, locked, here(name))
        for name, locked in sorted(lock.distributions.items())
        if here(name) != locked
    ]
    if lock.python.split(".")[:2] != running.split(".")[:2]:
        found.insert(0, Difference("python", lock.python, running))
    return tuple(found)
