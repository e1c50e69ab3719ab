"""The application with every door that this server has."""

from __future__ import annotations

import os

from hythe.dataplane.feedback import FeedbackDesk
from hythe.dataplane.gate import Gate
from hythe.dataplane.plane import DataPlane
from hythe.dataplane.turned_away import TurnedAway
from hythe.runtime.counters import Counters
from hythe.runtime.fingerprints import InFlight
from hythe.server.http.app import App
from hythe.server.http.docs_page import DocsDoor
from hythe.server.http.feedback import FeedbackDoor
from hythe.server.http.health import HealthDoor
from hythe.server.http.inference import InferenceDoor
from hythe.server.http.kserve_v1 import KServeV1Door
from hythe.server.http.metrics import MetricsDoor
from hythe.server.http.openapi import OpenApiDoor
from hythe.server.http.predict import PredictDoor
from hythe.server.http.router import Door
from hythe.server.http.sagemaker import SageMakerDoor
from hythe.server.http.state import State
from hythe.server.http.vertex import VertexDoor, vertex_routes


def make_app(
    plane: DataPlane,
    counters: Counters,
    gate: Gate | None = None,
    in_flight: InFlight | None = None,
    turned_away: TurnedAway | None = None,
    feedback: FeedbackDesk | None = None,
) -> App:
    """Open all doors on one data plane; without `feedback` none is kept."""
    state = State()
    vertex = vertex_routes(os.environ)
    doors: list[Door] = [
        *([] if vertex is None else [VertexDoor(plane, state, vertex)]),
        PredictDoor(plane),
        InferenceDoor(plane, state),
        KServeV1Door(plane),
        SageMakerDoor(plane, state),
        FeedbackDoor(plane, feedback or FeedbackDesk(counters), gate),
        HealthDoor(plane, state),
        MetricsDoor(counters, gate),
        OpenApiDoor(plane),
        DocsDoor(plane),
    ]
    return App(doors, state, gate, in_flight, turned_away)
