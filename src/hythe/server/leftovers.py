"""Unpacked models that are served no more: removed when no process needs them any longer."""

from __future__ import annotations

import shutil
from collections.abc import Iterable

from hythe.dataplane.spec import EndpointSpec, NativeFiles
from hythe.runtime.bulletin import Bulletin


class Leftovers:
    """Compares what is published with what was, and removes what processes have let go of."""

    def __init__(self, bulletin: Bulletin, endpoints: Iterable[EndpointSpec]) -> None:
        self._bulletin = bulletin
        self._named = _folders(endpoints)
        self._dropped: dict[str, int] = {}

    def published(self, sequence: int, endpoints: Iterable[EndpointSpec]) -> None:
        """Note what document `sequence` names."""
        named = _folders(endpoints)
        self._dropped.update(dict.fromkeys(self._named - named, sequence))
        self._named = named

    def remove(self) -> None:
        """Remove the folders of documents that every process has replaced."""
        if not self._dropped:
            return
        applied = self._bulletin.applied_by_all
        for folder, sequence in list(self._dropped.items()):
            if sequence <= applied:
                shutil.rmtree(folder, ignore_errors=True)
                del self._dropped[folder]


def _folders(endpoints: Iterable[EndpointSpec]) -> set[str]:
    files = (version.files for endpoint in endpoints for version in endpoint.versions)
    return {item.folder for item in files if isinstance(item, NativeFiles)}
