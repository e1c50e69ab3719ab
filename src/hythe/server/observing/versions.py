"""What is served now, and was a moment ago: the bins to count values into, and how to score predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from hythe.base.errors import HytheError
from hythe.bundle.baseline import Baseline
from hythe.bundle.schema import Scalar
from hythe.dataplane.spec import EndpointSpec, VersionSpec
from hythe.monitor.outcomes.row_cells import RowCells
from hythe.monitor.windows.counting import BinCounter
from hythe.monitor.windows.score import Score
from hythe.runtime.bulletin import Bulletin
from hythe.runtime.log import Log
from hythe.server.observing.followed import Followed, follow_nothing
from hythe.server.observing.served import Served, feed_of

_LOG = Log("hythe.sidecar")


class Versions:
    """Finds what is counted of a version; follows the bulletin from `place`."""

    def __init__(self, bulletin: Bulletin, place: int) -> None:
        self._followed: dict[str, Followed] = {}
        self._served = Served(
            bulletin,
            place,
            _make,
            log=_LOG,
            consequence="its values are not counted",
            posted=self._posted,
        )

    def refresh(self) -> None:
        """See whether something else is served now."""
        self._served.refresh()

    def __call__(self, endpoint: str, version: str) -> BinCounter | None:
        """Give the counter of a version; None where there is no baseline."""
        made = self._served.made(endpoint, version)
        return None if made is None else made.counter

    def cells(self, endpoint: str, version: str) -> RowCells | None:
        """Give what finds the cells of a version's rows; None where there is no baseline."""
        made = self._served.made(endpoint, version)
        return None if made is None else made.cells

    def followed(self, endpoint: str) -> Followed:
        """Say what there is to know of an endpoint's plan; nothing of an endpoint that was never served."""
        return self._followed.get(endpoint) or follow_nothing(endpoint)

    @property
    def moving(self) -> bool:
        """Whether an endpoint is."""
        return any(followed.moving for followed in self._followed.values())

    def classes(self, endpoint: str, version: str) -> Mapping[str, Sequence[Scalar]]:
        """Give the classes of the outputs of a version that have any; none for one that is not known."""
        spec = self._served.spec(endpoint, version)
        outputs = () if spec is None else spec.schema.outputs
        return {output.name: output.classes for output in outputs if output.classes is not None}

    def _posted(self, endpoint: EndpointSpec) -> None:
        """Score every arm's predictions as the first arm's are, so that they can be compared."""
        plan = endpoint.plan
        made = self._served.made(endpoint.name, plan.arms[0].version)
        self._followed[endpoint.name] = Followed(
            None if made is None else made.score,
            bool(plan.sticky and plan.rollout),
            plan.join_share,
            bool(plan.rollout or plan.shadows or len(plan.arms) > 1),
        )


class _Made(NamedTuple):
    """What is made of a version's baseline, and of its schema where there is none."""

    counter: BinCounter | None
    score: Score | None
    cells: RowCells | None = None


def _make(spec: VersionSpec) -> _Made:
    outputs = spec.schema.outputs
    if not spec.baseline:
        return _Made(None, Score.of(outputs, None))
    try:
        baseline = Baseline.decode(Path(spec.baseline).read_bytes())
        read = spec.schema, baseline, feed_of(spec), spec.observing
        return _Made(BinCounter(*read), Score.of(outputs, baseline), RowCells(*read))
    except (HytheError, OSError, msgspec.MsgspecError) as err:
        _LOG.error("a baseline cannot be read; values are not counted", version=spec.version, reason=str(err))
        return _Made(None, Score.of(outputs, None))
