"""Takes the file of an SQLite catalog away from whoever has it open, and brings it back."""

from __future__ import annotations

from pathlib import Path

_NAME = "catalog.db"


def take_away(home: Path, away: Path) -> None:
    """Move the catalog from one folder to the other, the database first: nobody opens what is half there."""
    away.mkdir(exist_ok=True)
    for part in _parts(home):
        part.rename(away / part.name)


def bring_back(home: Path, away: Path) -> None:
    """Move it back, the database last."""
    for part in reversed(_parts(away)):
        part.rename(home / part.name)


def _parts(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"{_NAME}*"))
