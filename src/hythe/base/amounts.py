"""Amounts as people write them: durations, rates, sizes, plain numbers."""

from __future__ import annotations

import re

from hythe.base.errors import Invalid

_UNITS_S = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"([0-9]*\.?[0-9]+)\s*(us|µs|ms|s|m|h|d)?")
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([KMG]i?)?B?")
_FACTORS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def seconds(text: str) -> float:
    """Read a duration such as 30s, 500ms, 2m or 7d; a bare number is seconds.

    >>> seconds("500ms"), seconds("2m"), seconds("1.5")
    (0.5, 120.0, 1.5)

    Raises:
        Invalid: when it is none.

    """
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise Invalid(f"{text!r} is no duration; write 30s, 500ms or 2m")
    return float(found[1]) * _UNITS_S[found[2] or "s"]


def per_second(text: str) -> float:
    """Read a rate such as 2000, 2000/s or 600/m.

    >>> per_second("2000"), per_second("600/m")
    (2000.0, 10.0)

    Raises:
        Invalid: when it is none.

    """
    amount, _, unit = text.strip().partition("/")
    try:
        return float(amount) / _UNITS_S[unit or "s"]
    except (ValueError, KeyError) as err:
        raise Invalid(f"{text!r} is no rate; write 2000, 2000/s or 600/m") from err


def byte_size(text: str) -> int:
    """Read a number of bytes such as 64MiB, 1.5GB or 4096.

    >>> byte_size("64MiB"), byte_size("1.5 GB"), byte_size("4096")
    (67108864, 1500000000, 4096)

    Raises:
        Invalid: when it is none.

    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise Invalid(f"{text!r} is no size; write 64MiB, 1.5GB or 4096")
    return int(float(found[1]) * _FACTORS[found[2] or ""])


def number_or_text(text: str) -> int | float | str:
    """Read the cell of a text table that should be a number; what is none stays for a check to refuse.

    >>> number_or_text("3"), number_or_text("2.5"), number_or_text("1_000")
    (3, 2.5, '1_000')
    """
    for read in (int, float):
        try:
            return text if "_" in text else read(text)
        except ValueError:
            continue
    return text
