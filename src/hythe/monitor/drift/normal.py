"""What variation between windows is normal, learned from the windows of a learning period."""

from __future__ import annotations

import msgspec


class Normal(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Learned from `windows` windows of `period_s` seconds that began at `start` (UTC)."""

    period_s: int
    start: int
    windows: int
