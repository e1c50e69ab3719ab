"""The bin counters of what is served now, and of what was a moment ago."""

from __future__ import annotations

from pathlib import Path

import msgspec

from hythe.base.errors import HytheError
from hythe.bundle.baseline import Baseline
from hythe.bundle.variant import Variant
from hythe.dataplane.spec import OnnxFiles, Posting, VersionSpec
from hythe.monitor.counting import BinCounter
from hythe.runtime.bulletin import Bulletin
from hythe.runtime.log import Log

_MOST_KEPT = 256
_LOG = Log("hythe.sidecar")


class Versions:
    """Follows the bulletin from `place`; what was taken off it is known for some time yet."""

    def __init__(self, bulletin: Bulletin, place: int) -> None:
        self._bulletin = bulletin
        self._place = place
        self._sequence = 0
        self._specs: dict[tuple[str, str], VersionSpec] = {}
        self._made: dict[tuple[str, str], BinCounter | None] = {}

    def refresh(self) -> None:
        """See whether something else is served now."""
        if self._bulletin.sequence == self._sequence:
            return
        try:
            self._sequence, document = self._bulletin.read()
            posting = Posting.decode(document)
        except HytheError as err:
            _LOG.error("what is served cannot be read; its values are not counted", reason=str(err))
            return
        for endpoint in posting.endpoints:
            for spec in endpoint.versions:
                self._put(endpoint.name, spec)
        self._bulletin.applied(self._place, self._sequence)

    def __call__(self, endpoint: str, version: str) -> BinCounter | None:
        """Give the counter of a version; None where there is no baseline."""
        key = (endpoint, version)
        if key not in self._made and key in self._specs:
            self._made[key] = _counter(self._specs[key])
        return self._made.get(key)

    def _put(self, endpoint: str, spec: VersionSpec) -> None:
        key = (endpoint, spec.version)
        if self._specs.pop(key, None) != spec:
            self._made.pop(key, None)
        self._specs[key] = spec
        if key not in self._made:
            self._made[key] = _counter(spec)
        for old in list(self._specs)[:-_MOST_KEPT]:
            del self._specs[old]
            self._made.pop(old, None)


def _counter(spec: VersionSpec) -> BinCounter | None:
    if not spec.baseline:
        return None
    try:
        baseline = Baseline.decode(Path(spec.baseline).read_bytes())
        feed = None
        if isinstance(spec.files, OnnxFiles):
            feed = Variant.decode(Path(spec.files.variant).read_bytes()).feed
        return BinCounter(spec.schema, baseline, feed, spec.observing)
    except (HytheError, OSError, msgspec.MsgspecError) as err:
        _LOG.error("a baseline cannot be read; values are not counted", version=spec.version, reason=str(err))
        return None
