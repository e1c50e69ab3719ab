"""The versions whose predictions are written as rows, as the bulletin names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hythe.base.errors import HytheError
from hythe.dataplane.spec import VersionSpec
from hythe.monitor.records.restore import Restorer
from hythe.operations.predictions.log import PredictionLog
from hythe.runtime.bulletin import Bulletin
from hythe.runtime.log import Log
from hythe.server.observing.served import Served, feed_of

if TYPE_CHECKING:
    from hythe.operations.predictions.table import Rows

_LOG = Log("hythe.predictions")


class Logged:
    """Finds what makes tables of a version's records; follows the bulletin from `place`."""

    def __init__(self, bulletin: Bulletin, place: int, config: PredictionLog) -> None:
        self._config = config
        self._served = Served(
            bulletin, place, self._make, log=_LOG, consequence="its predictions are not logged"
        )

    def refresh(self) -> None:
        """See whether something else is served now."""
        self._served.refresh()

    def __call__(self, endpoint: str, version: str) -> Rows | None:
        """Give what makes tables of a version's records; None where it is not known."""
        return self._served.made(endpoint, version)

    def _make(self, spec: VersionSpec) -> Rows | None:
        from hythe.operations.predictions.table import Rows

        config = self._config
        try:
            feed = feed_of(spec)
        except (HytheError, OSError, msgspec.MsgspecError) as err:
            _LOG.error("a variant cannot be read; no rows are logged", version=spec.version, reason=str(err))
            return None
        restorer = Restorer(spec.schema, feed, spec.observing, config.leave_out)
        return Rows(spec.schema, restorer, leave_out=config.leave_out, share=config.share)
