"""Content addresses: `sha256:` and 64 hexadecimal digits."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from hythe.base.errors import Corrupt, Invalid

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def digest_of(data: bytes) -> str:
    """Address `data` by its content.

    >>> digest_of(b"")
    'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    """
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest_of_file(path: Path) -> str:
    """Address a file by its content, reading it in pieces."""
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def is_digest(text: str) -> bool:
    """Tell whether `text` is a whole SHA-256 digest.

    >>> is_digest("sha256:e3b0")
    False
    """
    return _DIGEST.fullmatch(text) is not None


def check_digest(text: str) -> str:
    """Give `text` back when it is a digest; raise `Invalid` otherwise."""
    if not is_digest(text):
        raise Invalid(f"'{text}' is no digest; write sha256: and 64 hexadecimal digits in lower case")
    return text


def check_data(data: bytes, digest: str, size: int, what: str) -> bytes:
    """Give `data` back when it has this size and digest; raise `Corrupt` naming `what` otherwise."""
    if len(data) != size:
        raise Corrupt(_size_fault(what, size, len(data)))
    found = digest_of(data)
    if found != digest:
        raise Corrupt(_digest_fault(what, digest, found))
    return data


def check_file(path: Path, digest: str, size: int, what: str) -> Path:
    """Give `path` back when the file has this size and digest; raise `Corrupt` naming `what` otherwise."""
    try:
        found_size = path.stat().st_size
        if found_size != size:
            raise Corrupt(_size_fault(what, size, found_size))
        found = digest_of_file(path)
    except FileNotFoundError as err:
        raise Corrupt(f"{what} is missing; {_REMEDY}") from err
    if found != digest:
        raise Corrupt(_digest_fault(what, digest, found))
    return path


_REMEDY = "pack or pull the version again to put it back"


def _size_fault(what: str, expected: int, found: int) -> str:
    word = "truncated" if found < expected else "too long"
    return f"{what} is {word}: {found} bytes where {expected} are expected; {_REMEDY}"


def _digest_fault(what: str, expected: str, found: str) -> str:
    return f"{what} has the digest {found} where {expected} is expected; {_REMEDY}"
