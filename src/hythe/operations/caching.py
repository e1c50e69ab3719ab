"""What a command line says of an endpoint's cache, as a change of its plan."""

from __future__ import annotations

from typing import Any

from hythe.base.amounts import byte_size, seconds
from hythe.base.errors import Invalid
from hythe.rollout.plan import CacheOptions

OFF = "off"


def cache_change(
    kept: str | None, size: str | None = None, stale: str | None = None
) -> dict[str, CacheOptions | None]:
    """Read how long answers are kept, in how many bytes, and for how long more they may stand in.

    Nothing said changes nothing, `off` ends it.

    Raises:
        Invalid: when a word is no duration or size, or one is given without how long answers are kept.

    >>> cache_change("60s", "8MiB")["cache"]
    CacheOptions(ttl_s=60.0, max_bytes=8388608, stale_s=0.0)
    >>> cache_change("off"), cache_change(None)
    ({'cache': None}, {})
    """
    if kept is None or kept == OFF:
        if size is not None or stale is not None:
            raise Invalid(
                "--cache-bytes and --cache-stale are for a cache; say how long to keep: --cache 60s"
            )
        return {} if kept is None else {"cache": None}
    given: dict[str, Any] = {"ttl_s": seconds(kept)}
    if size is not None:
        given["max_bytes"] = byte_size(size)
    if stale is not None:
        given["stale_s"] = seconds(stale)
    return {"cache": CacheOptions(**given)}
