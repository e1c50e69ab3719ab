"""The versions whose predictions are written as rows, as the bulletin names them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from hythe.base.errors import HytheError
from hythe.bundle.variant import Variant
from hythe.dataplane.spec import OnnxFiles, Posting, VersionSpec
from hythe.monitor.restore import Restorer
from hythe.operations.predictions.log import PredictionLog
from hythe.runtime.bulletin import Bulletin
from hythe.runtime.log import Log

if TYPE_CHECKING:
    from hythe.operations.predictions.table import Rows

_MOST_KEPT = 256
_LOG = Log("hythe.predictions")


class Logged:
    """Follows the bulletin from `place`; what was taken off it is known for some time yet."""

    def __init__(self, bulletin: Bulletin, place: int, config: PredictionLog) -> None:
        self._bulletin = bulletin
        self._place = place
        self._config = config
        self._sequence = 0
        self._specs: dict[tuple[str, str], VersionSpec] = {}
        self._made: dict[tuple[str, str], Rows] = {}

    def refresh(self) -> None:
        """See whether something else is served now."""
        if self._bulletin.sequence == self._sequence:
            return
        try:
            self._sequence, document = self._bulletin.read()
            posting = Posting.decode(document)
        except HytheError as err:
            _LOG.error("what is served cannot be read; its predictions are not logged", reason=str(err))
            return
        for endpoint in posting.endpoints:
            for spec in endpoint.versions:
                self._put((endpoint.name, spec.version), spec)
        self._bulletin.applied(self._place, self._sequence)

    def __call__(self, endpoint: str, version: str) -> Rows | None:
        """Give what makes tables of a version's records; None where it is not known."""
        return self._made.get((endpoint, version))

    def _put(self, key: tuple[str, str], spec: VersionSpec) -> None:
        if self._specs.pop(key, None) != spec:
            self._made.pop(key, None)
        self._specs[key] = spec
        if key not in self._made and (made := self._make(spec)) is not None:
            self._made[key] = made
        for old in list(self._specs)[:-_MOST_KEPT]:
            del self._specs[old]
            self._made.pop(old, None)

    def _make(self, spec: VersionSpec) -> Rows | None:
        from hythe.operations.predictions.table import Rows

        config = self._config
        try:
            feed = None
            if isinstance(spec.files, OnnxFiles):
                feed = Variant.decode(Path(spec.files.variant).read_bytes()).feed
        except (HytheError, OSError, msgspec.MsgspecError) as err:
            _LOG.error("a variant cannot be read; no rows are logged", version=spec.version, reason=str(err))
            return None
        restorer = Restorer(spec.schema, feed, spec.observing, config.leave_out)
        return Rows(spec.schema, restorer, leave_out=config.leave_out, share=config.share)
