"""Files of a bundle laid out under the home, for processes that need them beside each other."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import NamedTuple

from hythe.bundle.bundle import Bundle
from hythe.bundle.weights import GRAPH, WEIGHTS, check_locations

UNPACKED = "loaded"
"""The folder under the home where files are laid out, each version's in a folder named after its process."""
VARIANT = "variant.json"


class OnnxPaths(NamedTuple):
    """Where the files of an ONNX variant lie; `folder` was made for them, None where the blobs serve."""

    graph: Path
    variant: Path
    folder: Path | None


def new_folder(home: Path, name: str, owner: str = "") -> Path:
    """Make a folder for files of model `name`; the caller removes it.

    Its name begins with the id of the process that needs it: `owner`, or this one when left out.
    """
    place = home / UNPACKED
    place.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{owner or os.getpid()}-{name}-", dir=place))


def onnx_paths(bundle: Bundle, variant: str, home: Path, name: str, owner: str = "") -> OnnxPaths:
    """Give the files of the ONNX variant in the bundle's folder `variant`, checked.

    A graph whose weights are in a second file is laid out beside it, under the names that it knows: as hard
    links where the file system allows, so that all who map them share the store's own pages.

    Raises:
        Corrupt: when a file is damaged, or the graph wants another file.

    """
    graph = bundle.file(f"{variant}/{GRAPH}")
    check_locations(graph)
    if f"{variant}/{WEIGHTS}" not in bundle.files:
        return OnnxPaths(graph, bundle.file(f"{variant}/{VARIANT}"), None)
    folder = new_folder(home, name, owner)
    laid = bundle.unpack(folder / "variant", f"{variant}/")
    return OnnxPaths(laid / GRAPH, laid / VARIANT, folder)
