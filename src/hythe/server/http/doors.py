"""The application with every door that this server has."""

from __future__ import annotations

from hythe.dataplane.plane import DataPlane
from hythe.runtime.counters import Counters
from hythe.server.http.app import App
from hythe.server.http.health import HealthDoor
from hythe.server.http.inference import InferenceDoor
from hythe.server.http.metrics import MetricsDoor
from hythe.server.http.openapi import OpenApiDoor
from hythe.server.http.predict import PredictDoor
from hythe.server.http.router import Door
from hythe.server.http.state import State


def make_app(plane: DataPlane, counters: Counters) -> App:
    """Open all doors on one data plane."""
    state = State()
    doors: list[Door] = [
        PredictDoor(plane),
        InferenceDoor(plane, state),
        HealthDoor(plane, state),
        MetricsDoor(counters),
        OpenApiDoor(plane),
    ]
    return App(doors, plane.limits, state)
