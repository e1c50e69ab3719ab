"""A data plane in this process, for tests of the doors in front of it."""

from __future__ import annotations

from hythe.dataplane.admit import Limits
from hythe.dataplane.endpoint import Endpoint
from hythe.dataplane.gate import Gate
from hythe.dataplane.loop import LoopScheduler
from hythe.dataplane.observe import Ids, Observer
from hythe.dataplane.plane import DataPlane
from hythe.dataplane.sessions import opener
from hythe.dataplane.spec import EndpointSpec
from hythe.runtime.batch_policy import BatchPolicy
from hythe.runtime.counters import Counters
from hythe.runtime.session_config import SessionConfig


def make_plane(
    *specs: EndpointSpec,
    counters: Counters,
    limits: Limits | None = None,
    gate: Gate | None = None,
    policy: BatchPolicy | None = None,
    sessions: SessionConfig | None = None,
    ids: Ids | None = None,
) -> DataPlane:
    """Put endpoints on a data plane; start it before the first request."""
    open_session, scheduler, given = opener(sessions), LoopScheduler(), ids or Ids()

    def make(spec: EndpointSpec) -> Endpoint:
        return Endpoint(spec, open_session, Observer(spec.name, counters), scheduler, given, policy, limits)

    return DataPlane(specs, make, limits=limits, gate=gate)
