"""Where the files of a prediction log lie: a folder, or a bucket of an object store.

A file is there whole or not at all, whenever its writer dies: in a folder it gets its name when it is on the
disk, and an object store shows an object when all of it has come. Written again it takes the other's place.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from hythe.base.errors import Unavailable

if TYPE_CHECKING:
    from pyarrow import fs


class Store(Protocol):
    """Files by their path, whose parts are separated by `/`."""

    def write(self, path: str, data: bytes) -> None:
        """Write a file; raises Unavailable when it could not be, and then it is as it was."""
        ...

    def folders(self, path: str) -> list[str]:
        """Name the folders in a folder, none where there is none; raises Unavailable."""
        ...

    def remove(self, path: str) -> None:
        """Remove a folder and all in it; raises Unavailable."""
        ...


def open_store(place: str) -> Store:
    """Open the store at a path or URL; nothing is asked of it yet.

    Credentials, region and endpoint of an object store come from its usual environment variables and files.

    Raises:
        Unavailable: when this Python cannot reach such a store.

    """
    return Bucket(place) if "://" in place else Folder(Path(place))


class Folder:
    """A folder of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, path: str, data: bytes) -> None:
        """Write a file under another name, and rename it."""
        target = self._root / path
        draft = target.with_name(f".{target.name}.part")
        with self._told(f"written: {path}"):
            target.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)

    def folders(self, path: str) -> list[str]:
        """Name the folders in a folder."""
        found = self._root / path
        with self._told("listed"):
            return sorted(item.name for item in found.iterdir() if item.is_dir()) if found.is_dir() else []

    def remove(self, path: str) -> None:
        """Remove a folder."""
        with self._told(f"removed: {path}"):
            shutil.rmtree(self._root / path)

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as err:
            raise Unavailable(
                f"the prediction log in {self._root} cannot be {what}: {err.strerror}; "
                "see that it is writable"
            ) from err


class Bucket:
    """A prefix in a bucket of an object store, as Arrow reaches it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._files, self._root = filesystem(url)

    def write(self, path: str, data: bytes) -> None:
        """Write an object; it is seen when all of it has come."""
        with self._told(f"written: {path}"), self._files.open_output_stream(f"{self._root}/{path}") as stream:
            stream.write(data)

    def folders(self, path: str) -> list[str]:
        """Name the prefixes under a prefix."""
        from pyarrow import fs

        return sorted(info.base_name for info in self._listed(path) if info.type == fs.FileType.Directory)

    def remove(self, path: str) -> None:
        """Remove all objects under a prefix."""
        with self._told(f"removed: {path}"):
            try:
                self._files.delete_dir(f"{self._root}/{path}")
            except OSError:
                # Some stores refuse the empty objects by which Arrow marks folders; what counts is the files.
                if self._listed(path):
                    raise

    def _listed(self, path: str) -> list[fs.FileInfo]:
        from pyarrow import fs

        with self._told("listed"):
            selector = fs.FileSelector(f"{self._root}/{path}".rstrip("/"), allow_not_found=True)
            return list(self._files.get_file_info(selector))

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as err:
            raise Unavailable(
                f"the prediction log at {self._url} cannot be {what}: {err}; see that the bucket is there, "
                "and that this server may write into it"
            ) from err


def filesystem(url: str) -> tuple[fs.FileSystem, str]:
    """Give Arrow's view of an object store, and the path in it that a URL names.

    Raises:
        Unavailable: when the URL names no store that this Arrow knows, or one that cannot be reached.

    """
    import pyarrow as pa
    from pyarrow import fs

    try:
        found, root = fs.FileSystem.from_uri(url)
    except (pa.ArrowException, OSError, ValueError) as err:
        raise Unavailable(
            f"the prediction log at {url} cannot be reached: {err}; see the URL and the store's environment"
        ) from err
    return found, root.rstrip("/")
