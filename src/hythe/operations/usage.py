"""Quotas that outlive a restart: what keys used goes from the limiter's memory to the catalog, and back."""

from __future__ import annotations

from collections.abc import Sequence

from hythe.registry.catalog import Catalog
from hythe.registry.usage import Spent
from hythe.runtime.limiter import Limiter
from hythe.security.keys import KeyEntry


def save_usage(catalog: Catalog, limiter: Limiter, keys: Sequence[KeyEntry], now_s: float) -> None:
    """Write down what keys used of their quotas since the last time; tell the limiter what everybody used.

    Call it before the first request, each second after, and once at the end. `now_s` is in seconds since
    1970. A crash loses at most what was used since the last call; a crash inside a call may count that twice.

    Raises:
        OperatorError: when the catalog does not answer; the next call makes up for it.

    """
    seen = [(key, limiter.usage(key.place)) for key in keys if key.quota is not None]
    if not seen:
        return
    spent = [Spent(key.id, usage.period, usage.unsaved) for key, usage in seen if usage.unsaved]
    if spent:
        catalog.add_usage(spent)
    used = catalog.key_usage()
    for key, usage in seen:
        period = int(now_s // key.quota_period_s)
        limiter.restore(key.place, usage, period, used.get((key.id, period), 0))
