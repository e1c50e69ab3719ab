"""Windows of a second each, brought to a catalog as a server brings them."""

from __future__ import annotations

from hythe.monitor.windows.window import Window
from hythe.operations.windows import stored
from hythe.registry.windows import Delivery, Observations, WindowRecord

NOW = 1_800_000_000


def put(observations: Observations, *found: Window | WindowRecord) -> None:
    """Store windows, in the server's next delivery."""
    records = tuple(stored(item) if isinstance(item, Window) else item for item in found)
    sequence = observations.observed("server").sequence + 1
    observations.store(Delivery("server", sequence, NOW, {}, records))


def second(
    start: int, rows: int = 1, version: str = "1.0.0", share: float | None = 1.0, revision: int = 0
) -> Window:
    """Count so many rows of churn in one second."""
    return Window("churn", version, start, rows=rows, share=share, revision=revision)
