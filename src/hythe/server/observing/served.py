"""The versions that the bulletin names, and what a process beside serving makes of each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from hythe.base.errors import HytheError
from hythe.bundle.feed import Feed
from hythe.bundle.variant import Variant
from hythe.dataplane.spec import EndpointSpec, OnnxFiles, Posting, VersionSpec
from hythe.runtime.bulletin import Bulletin
from hythe.runtime.log import Log

T = TypeVar("T")
_MOST_KEPT = 256


class Served(Generic[T]):
    """Follows the bulletin from `place`; what was taken off it is known for some time yet.

    `make` is called once for each version, `posted` for each endpoint after that. A bulletin that cannot be
    read is told to `log` with what comes of it.
    """

    def __init__(
        self,
        bulletin: Bulletin,
        place: int,
        make: Callable[[VersionSpec], T],
        *,
        log: Log,
        consequence: str,
        posted: Callable[[EndpointSpec], None] = lambda _: None,
    ) -> None:
        self._bulletin = bulletin
        self._place = place
        self._make = make
        self._log = log
        self._consequence = consequence
        self._posted = posted
        self._sequence = 0
        self._known: dict[tuple[str, str], tuple[VersionSpec, T]] = {}

    def refresh(self) -> None:
        """See whether something else is served now."""
        if self._bulletin.sequence == self._sequence:
            return
        try:
            self._sequence, document = self._bulletin.read()
            posting = Posting.decode(document)
        except HytheError as err:
            self._log.error(f"what is served cannot be read; {self._consequence}", reason=str(err))
            return
        for endpoint in posting.endpoints:
            for spec in endpoint.versions:
                self._put((endpoint.name, spec.version), spec)
            self._posted(endpoint)
        self._bulletin.applied(self._place, self._sequence)

    def spec(self, endpoint: str, version: str) -> VersionSpec | None:
        """Give what was told of a version; None where it is not known."""
        known = self._known.get((endpoint, version))
        return None if known is None else known[0]

    def made(self, endpoint: str, version: str) -> T | None:
        """Give what was made of a version; None where it is not known."""
        known = self._known.get((endpoint, version))
        return None if known is None else known[1]

    def _put(self, key: tuple[str, str], spec: VersionSpec) -> None:
        """Make what is new, and forget what was served longest ago."""
        known = self._known.pop(key, None)
        self._known[key] = known if known is not None and known[0] == spec else (spec, self._make(spec))
        for old in list(self._known)[:-_MOST_KEPT]:
            del self._known[old]


def feed_of(spec: VersionSpec) -> Feed | None:
    """Read how rows become a version's input; None for a native model.

    Raises:
        Corrupt, OSError, msgspec.MsgspecError: when its variant cannot be read.

    """
    if not isinstance(spec.files, OnnxFiles):
        return None
    return Variant.decode(Path(spec.files.variant).read_bytes()).feed
