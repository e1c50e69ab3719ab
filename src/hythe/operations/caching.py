"""What a command line says of an endpoint's cache, as a change of its plan."""

from __future__ import annotations

import re
from typing import Any

from hythe.base.errors import Invalid
from hythe.operations.pressure.plan import seconds
from hythe.rollout.plan import CacheOptions

OFF = "off"
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([KMG]i?)?B?")
_FACTORS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


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


def byte_size(text: str) -> int:
    """Read a number of bytes such as 64MiB, 1.5GB or 4096.

    >>> byte_size("64MiB"), byte_size("1.5 GB"), byte_size("4096")
    (67108864, 1500000000, 4096)

    Raises:
        Invalid: when it is none.

    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise Invalid(f"{text!r} is no size; write 64MiB, 1.5GB or 4096")
    return int(float(found[1]) * _FACTORS[found[2] or ""])
