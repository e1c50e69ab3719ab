"""Unpacked models that are served no more: removed when no process needs them, and no way back is likely."""

from __future__ import annotations

import shutil
from collections.abc import Iterable

from hythe.base.clock import Clock
from hythe.dataplane.resting import REST_S
from hythe.dataplane.spec import EndpointSpec, NativeFiles
from hythe.runtime.bulletin import Bulletin

_KEPT_S = 2 * REST_S


class Leftovers:
    """Compares what is published with what was, and removes what processes have let go of.

    Folders stay for longer than versions rest, so that who goes back to one finds it ready.
    """

    def __init__(self, bulletin: Bulletin, endpoints: Iterable[EndpointSpec], clock: Clock) -> None:
        self._bulletin = bulletin
        self._clock = clock
        self._named = _folders(endpoints)
        self._dropped: dict[str, tuple[int, float]] = {}

    def published(self, sequence: int, endpoints: Iterable[EndpointSpec]) -> None:
        """Note what document `sequence` names."""
        named = _folders(endpoints)
        self._dropped.update(dict.fromkeys(self._named - named, (sequence, self._clock.monotonic_s())))
        for folder in named & self._dropped.keys():
            del self._dropped[folder]
        self._named = named

    def remove(self) -> None:
        """Remove the folders of documents that every process has replaced a while ago."""
        if not self._dropped:
            return
        applied, before_s = self._bulletin.applied_by_all, self._clock.monotonic_s() - _KEPT_S
        for folder, (sequence, dropped_s) in list(self._dropped.items()):
            if sequence <= applied and dropped_s <= before_s:
                shutil.rmtree(folder, ignore_errors=True)
                del self._dropped[folder]


def _folders(endpoints: Iterable[EndpointSpec]) -> set[str]:
    files = (version.files for endpoint in endpoints for version in endpoint.versions)
    return {item.folder for item in files if isinstance(item, NativeFiles)}
