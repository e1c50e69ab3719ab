"""What a model file from a stranger would run, found without loading it, and refused by name.

Everything that could not be looked at whole counts as refused: an unknown format, an error, an archive too
deep or too large, data behind the end.
"""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import shutil
import tarfile
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hythe.base.errors import NotFound, Untrusted
from hythe.security.dtypes import Unsound
from hythe.security.globals import Allow
from hythe.security.joblib_arrays import skip
from hythe.security.pickles import Unreadable, Walk
from hythe.security.skops_types import refused_types
from hythe.security.streams import Budget, Counted, Decompressed, Limits, TooLarge, compression_of
from hythe.security.torch_files import LEGACY, TORCH_GLOBALS, is_storage, legacy, script_or_program

_BROKEN = (Unreadable, Unsound, TooLarge, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError)
_SCHEMA_LIMIT = 1 << 29
_TAR_MAGIC = slice(257, 262)
_SHOWN = 8
_CHUNK = 1 << 20
_SPOOL = 1 << 26


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found in `file`; it may be loaded when nothing was `refused`."""

    file: str
    digest: str
    refused: tuple[str, ...]

    @property
    def safe(self) -> bool:
        """Whether loading runs nothing but what is allowed."""
        return not self.refused


def scan(source: Path | bytes, allow: Allow, *, limits: Limits | None = None, name: str = "") -> Findings:
    """Look through a file, and the files in it, for what loading it would run.

    It knows pickles of every protocol, joblib's with their arrays, each of those compressed, torch's zip and
    older files, .npy, .npz, skops, zip and tar. `allow` says which globals are known.

    Raises:
        NotFound: when there is no such file.

    """
    if isinstance(source, Path) and not source.is_file():
        raise NotFound(f"there is no file {str(source)!r}; give the path of a model file")
    title = name or (source.name if isinstance(source, Path) else "the bytes given")
    with source.open("rb") if isinstance(source, Path) else io.BytesIO(source) as stream:
        digest = f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
        stream.seek(0)
        search = _Search(allow, Budget(limits or Limits()))
        search.stream(stream, "", 0)
    return Findings(title, digest, tuple(search.refused))


def require_safe(
    source: Path | bytes, allow: Allow, trusted: Container[str] = frozenset(), *, name: str = ""
) -> Findings:
    """Scan, and let pass what is allowed or has a digest in `trusted` (`sha256:…`).

    Raises:
        Untrusted: naming the file, what it would run, and how to trust it.

    """
    findings = scan(source, allow, name=name)
    if findings.safe or findings.digest in trusted:
        return findings
    shown = ", ".join(findings.refused[:_SHOWN])
    more = f" and {len(findings.refused) - _SHOWN} more" if len(findings.refused) > _SHOWN else ""
    message = (
        f"{findings.file} is refused because of {shown}{more}: loading it could run a stranger's program; "
        f"if you know who made it, allow exactly this file with --trust {findings.digest}"
    )
    raise Untrusted(message)


class _Search:
    """One scan under way."""

    def __init__(self, allow: Allow, budget: Budget) -> None:
        self.refused: list[str] = []
        self._allow = allow
        self._budget = budget

    def stream(self, source: Any, where: str, depth: int) -> None:
        """Look through one stream; note in `refused` what is wrong with it, prefixed by where it lies."""
        try:
            self._budget.depth(depth)
            self._look(source, where, depth)
        except _BROKEN as err:
            self._note(where, str(err) or type(err).__name__)
        except Exception as err:  # noqa: BLE001 - whatever goes wrong, the file was not looked at whole
            self._note(where, f"it cannot be read ({type(err).__name__}: {err})")

    def _look(self, source: Any, where: str, depth: int) -> None:
        buffered = io.BufferedReader(Counted(source, self._budget), 1 << 16)
        start = buffered.peek(512)
        compression = compression_of(start)
        if start[:2] == b"PK":
            with self._seekable(source, buffered) as whole:
                self._zip(whole, where, depth)
        elif compression is not None:
            self.stream(Decompressed(buffered, compression), where, depth + 1)
        elif start[_TAR_MAGIC] == b"ustar":
            with self._seekable(source, buffered) as whole:
                self._tar(whole, where, depth)
        else:
            self._flat(buffered, start, where)
            if buffered.read(1):
                self._note(where, "data behind its end")

    def _flat(self, stream: Any, start: bytes, where: str) -> None:
        if start.startswith(b"\x93NUMPY"):
            self._npy(stream, where)
        elif start.startswith(LEGACY):
            for what in legacy(stream, self._allow_torch):
                self._note(where, what)
        else:
            self._pickle(stream, where, arrays=True)

    def _pickle(self, stream: Any, where: str, **options: bool) -> None:
        walk = Walk(stream, self._allow_torch if options.get("persistent") else self._allow, **options)
        try:
            walk.walk()
        finally:
            for what in walk.refused:
                self._note(where, what)

    def _allow_torch(self, module: str, name: str) -> Any:
        return TORCH_GLOBALS.get((module, name)) or self._allow(module, name)

    def _npy(self, stream: Any, where: str) -> None:
        from numpy.lib import format as npy

        version = npy.read_magic(stream)
        reader: Callable[..., Any] = (
            npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # headers of Python 2 are read too
            shape, _, dtype = reader(stream)
        if dtype.hasobject:
            self._pickle(stream, where)
        else:
            size = dtype.itemsize
            for n in shape:
                size *= n
            skip(stream, size)

    @contextmanager
    def _seekable(self, source: Any, buffered: Any) -> Iterator[Any]:
        """Give the stream from its start, spooled to disk where it cannot go back."""
        if source.seekable():
            source.seek(0)
            yield source
            return
        with tempfile.SpooledTemporaryFile(max_size=_SPOOL) as spool:
            shutil.copyfileobj(buffered, spool)
            spool.seek(0)
            yield spool

    def _tar(self, source: Any, where: str, depth: int) -> None:
        with tarfile.open(fileobj=source, mode="r:") as archive:
            for member in archive:
                self._budget.member()
                inside = f"{where}{member.name}: "
                opened = archive.extractfile(member) if member.isreg() else None
                if opened is not None:
                    self.stream(opened, inside, depth + 1)
                elif not member.isdir():
                    self._note(inside, "a link or device in an archive")
            source.seek(archive.offset)
        while rest := source.read(1 << 16):
            if rest.strip(b"\0"):
                self._note(where, "data behind its end")
                break

    def _zip(self, source: Any, where: str, depth: int) -> None:
        with zipfile.ZipFile(source) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            names = [info.filename for info in members]
            for info in members:
                self._budget.member()
                self._budget.read(info.file_size)
            if len(set(names)) != len(names):
                self._note(where, "two members of one name")
            if (what := script_or_program(names)) is not None:
                self._note(where, what)
            elif "schema.json" in names:
                self._skops(archive, where)
            for name in names:
                self._member(archive, name, names, where, depth)

    def _member(self, archive: zipfile.ZipFile, name: str, names: list[str], where: str, depth: int) -> None:
        root, _, rest = name.partition("/")
        torch = f"{root}/data.pkl" in names
        inside = f"{where}{name}: "
        with archive.open(name) as stream:
            if torch and rest == "data.pkl":
                self._torch_pickle(stream, inside)
            elif (torch and is_storage(rest)) or ("schema.json" in names and _is_skops_data(name)):
                while stream.read(_CHUNK):
                    pass
            else:
                self.stream(stream, inside, depth + 1)

    def _torch_pickle(self, stream: Any, where: str) -> None:
        try:
            self._pickle(stream, where, persistent=True)
            if stream.read(1):
                self._note(where, "data behind its end")
        except _BROKEN as err:
            self._note(where, str(err))

    def _skops(self, archive: zipfile.ZipFile, where: str) -> None:
        if archive.getinfo("schema.json").file_size > _SCHEMA_LIMIT:
            raise TooLarge("its schema is too large to check")
        schema = json.loads(archive.read("schema.json"))
        for what in refused_types(schema, self._allow):
            self._note(where, what)

    def _note(self, where: str, what: str) -> None:
        if where + what not in self.refused:
            self.refused.append(where + what)


def _is_skops_data(name: str) -> bool:
    """Tell bytes and schema from the arrays, which are looked into."""
    return name == "schema.json" or name.endswith(".bin")
