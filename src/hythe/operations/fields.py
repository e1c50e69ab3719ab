"""Documents that people write, and their fields."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from hythe.base.errors import Invalid, Unsupported


def read_toml(path: Path, subject: str, page: str) -> dict[str, Any]:
    """Read a TOML file; raises Invalid, naming the page that says what `subject` holds."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as err:
        raise Invalid(f"{path} cannot be read: {err}; see {page} for what {subject} holds") from err


def check_format(raw: Mapping[str, Any], newest: int, subject: str) -> None:
    """See that a document is of a form that this Hythe knows; raises Unsupported for a newer one.

    >>> check_format({"format": 9}, 1, "the plan")
    Traceback (most recent call last):
    ...
    hythe.base.errors.Unsupported: the plan has format 9 and was written by a newer Hythe; this one knows up to 1: install the newer Hythe
    """  # noqa: E501 - the message in full
    form = raw.get("format", newest)
    if isinstance(form, int) and form > newest:
        raise Unsupported(
            f"{subject} has format {form} and was written by a newer Hythe; this one knows up to {newest}: "
            "install the newer Hythe"
        )


def refuse_unknown(raw: Mapping[str, Any], kind: type[msgspec.Struct], subject: str, page: str = "") -> None:
    """Refuse a field that is misspelt, so that it is not taken for one left out; raises Invalid.

    `page` is the one that says what the fields mean.

    >>> refuse_unknown({"sahre": 1}, msgspec.defstruct("Shadow", ["version", "share"]), "the shadow has")
    Traceback (most recent call last):
    ...
    hythe.base.errors.Invalid: the shadow has a field 'sahre' that is not known; fields: version, share; did you mean 'share'?
    """  # noqa: E501 - the message in full
    known = kind.__struct_fields__
    for field in raw:
        if field not in known:
            said = f"{subject} a field {field!r} that is not known; fields: {', '.join(known)}"
            hint = f"{nearest(field, known)}{page and f'see {page}'}".strip()
            raise Invalid("; ".join(filter(None, (said, hint))))


def nearest(name: str, known: Collection[str]) -> str:
    """Ask whether a name that is not known is meant to be one that is; "" where none is near.

    >>> nearest("tenrue", ["tenure", "contract"]), nearest("x", ["tenure"])
    ("did you mean 'tenure'? ", '')
    """
    found = get_close_matches(name, known, n=1)
    return f"did you mean {found[0]!r}? " if found else ""


def tables(raw: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Give the tables of a field that holds one, or a list of them; what is no table is left out.

    >>> tables({"arms": [{"version": "1.0.0"}, 5]}, "arms")
    [{'version': '1.0.0'}]
    """
    part = raw.get(name)
    items = part if isinstance(part, list | tuple) else (part,)
    return [item for item in items if isinstance(item, Mapping)]
