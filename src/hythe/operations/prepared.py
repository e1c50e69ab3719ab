"""What comes of preparing a version, as data that one process tells another."""

from __future__ import annotations

from typing import Any

import msgspec

from hythe.dataplane.spec import VersionSpec


class Prepared(msgspec.Struct, frozen=True):
    """A version that may serve, a row that it answers, for people to try, and what they should know of it."""

    name: str
    version: VersionSpec
    example: dict[str, Any] | None
    notices: tuple[str, ...] = ()
