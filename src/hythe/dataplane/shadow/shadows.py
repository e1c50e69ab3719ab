"""The shadows of an endpoint: after the answers were written, copies of some requests go to each."""

from __future__ import annotations

from collections.abc import Container, Mapping

from hythe.dataplane.faults import FAULTS
from hythe.dataplane.live import LiveVersion
from hythe.dataplane.shadow.lane import Around, Lane
from hythe.dataplane.spec import EndpointSpec
from hythe.runtime.sink import Ran


class Shadows:
    """Made anew for each plan; `close` ends it. Whatever goes wrong here, callers have their answers."""

    def __init__(
        self,
        spec: EndpointSpec,
        versions: Mapping[str, LiveVersion],
        around: Around,
        timeout_s: float,
    ) -> None:
        plan = spec.plan
        arms = [versions[arm.version] for arm in plan.arms]
        self._endpoint = spec.name
        self._lanes = [
            Lane(
                shadow,
                versions[shadow.version],
                arms,
                around,
                revision=spec.revision,
                timeout_s=timeout_s,
            )
            for shadow in plan.shadows
        ]

    def ran(self, champion: LiveVersion, ran: Ran, failures: Container[int]) -> None:
        """Hear of a call of the model whose answers were written; `failures` are places in `ran.jobs`."""
        try:
            for lane in self._lanes:
                lane.copy(champion, ran, failures)
        except Exception as err:  # noqa: BLE001 - no fault of a shadow's may reach those who were answered
            FAULTS.tell(FAULTS.spoken(err, self._endpoint), endpoint=self._endpoint)

    def close(self) -> None:
        """Copy no more, and drop what waits."""
        for lane in self._lanes:
            lane.close()
        self._lanes = []
