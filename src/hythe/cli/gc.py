"""`hythe gc`: remove what nothing names."""

from __future__ import annotations

from hythe.cli.common import COMMON, Common, emit, say


def gc_command(*, common: Common = COMMON) -> None:
    """Remove blobs that no version names, and what interrupted work left behind."""
    from hythe.app.wire import opened
    from hythe.operations.collect import collect

    with opened(common.config()) as here:
        freed = collect(here.registry)
    emit(common, freed, lambda: say(f"removed {freed.files} files, {freed.bytes:,} bytes"))
