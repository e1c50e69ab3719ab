"""Which files a bundle holds, which ModelPack layer each becomes, and which paths are safe."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

from hythe.base.errors import Invalid

Kind: TypeAlias = Literal["weight", "weight.config", "code", "doc", "dataset"]

_KINDS: tuple[tuple[str, Kind], ...] = (
    ("hythe.json", "weight.config"),
    ("lock.json", "weight.config"),
    ("model/*", "weight"),
    ("code/*", "code"),
    ("variants/*/variant.json", "weight.config"),
    ("variants/*", "weight"),
    ("proofs/*", "weight.config"),
    ("goldens.arrow", "dataset"),
    ("baseline.json", "dataset"),
    ("card.md", "doc"),
    ("*.md", "doc"),
    ("*.arrow", "dataset"),
    ("*.parquet", "dataset"),
)
_LONGEST_PATH = 1024


def kind_of(path: str) -> Kind:
    """Tell the ModelPack layer kind of a file by its path in the bundle.

    >>> kind_of("model/model.skops"), kind_of("variants/onnx/variant.json"), kind_of("card.md")
    ('weight', 'weight.config', 'doc')
    """
    return next((kind for pattern, kind in _KINDS if fnmatchcase(path, pattern)), "weight.config")


def media_type_of(path: str) -> str:
    """Give the media type of a file's layer (ModelPack specification, "layers").

    >>> media_type_of("goldens.arrow")
    'application/vnd.cncf.model.dataset.v1.raw'
    """
    return f"application/vnd.cncf.model.{kind_of(path)}.v1.raw"


def check_path(path: str) -> str:
    """Give `path` back when it is a relative POSIX path that stays inside its folder.

    >>> check_path("model/../../etc/passwd")
    Traceback (most recent call last):
    ...
    hythe.base.errors.Invalid: 'model/../../etc/passwd' is no path inside a bundle; use names joined by '/'
    """
    parts = path.split("/")
    printable = path.isprintable() and "\\" not in path
    if not printable or len(path.encode()) > _LONGEST_PATH or any(part in {"", ".", ".."} for part in parts):
        raise Invalid(f"{path!r} is no path inside a bundle; use names joined by '/'")
    return path


def check_paths(paths: list[str]) -> None:
    """Check each path, that none is named twice and that none is both a file and a folder."""
    seen: set[str] = set()
    for path in sorted(paths):
        if check_path(path) in seen:
            raise Invalid(f"'{path}' stands twice in the bundle; keep one")
        parents = {path[:at] for at, letter in enumerate(path) if letter == "/"}
        if clash := parents & seen:
            raise Invalid(f"'{min(clash)}' is a file and a folder in the bundle; rename one")
        seen.add(path)
