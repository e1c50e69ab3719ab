"""A client of a running server, for programs: `Client` and `AsyncClient`."""

from hythe.client.answers import Description, Input, Predictions, Readiness, Result
from hythe.client.asynchronous import AsyncClient
from hythe.client.metrics import Sample
from hythe.client.retry import Patience
from hythe.client.stats import Stats
from hythe.client.synchronous import Client

__all__ = [
    "AsyncClient",
    "Client",
    "Description",
    "Input",
    "Patience",
    "Predictions",
    "Readiness",
    "Result",
    "Sample",
    "Stats",
]
