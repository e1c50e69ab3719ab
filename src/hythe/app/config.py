"""Where Hythe keeps things and who is acting: flag, then environment, then `hythe.toml`, then default."""

from __future__ import annotations

import getpass
import os
import socket
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from hythe.base.errors import Invalid
from hythe.security.tokens import Issuer

Home: TypeAlias = Path | str | None
"""Where a caller says that things are kept; None leaves it to the surroundings."""
_FILE = "hythe.toml"
_KEYS = ("home", "catalog", "actor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The settings that every command shares.

    `home` holds the blobs and, unless `catalog` (a SQLAlchemy URL) says otherwise, the catalog. `actor` is
    written into the change log. Tokens of `issuers` are taken by servers; they are in `hythe.toml` alone.
    """

    home: Path
    catalog: str
    actor: str
    issuers: tuple[Issuer, ...] = ()


def load(
    *,
    home: Home = None,
    catalog: str | None = None,
    actor: str | None = None,
    environ: Mapping[str, str] = os.environ,
    folder: Path | None = None,
) -> Config:
    """Settle each setting: the argument, else `HYTHE_<NAME>`, else `hythe.toml` in `folder`, else a default.

    >>> config = load(home=Path("/tmp/models"), environ={"HYTHE_ACTOR": "ana"}, folder=Path("/nowhere"))
    >>> config.catalog, config.actor
    ('sqlite:////tmp/models/catalog.db', 'ana')

    Raises:
        Invalid: when `hythe.toml` cannot be read or names an unknown setting.

    """
    file = (folder or Path.cwd()) / _FILE
    settings = _settings(file)
    given = {"home": home, "catalog": catalog, "actor": actor}
    chosen = {key: given[key] or environ.get(f"HYTHE_{key.upper()}") or settings.get(key) for key in _KEYS}
    place = Path(chosen["home"] or Path.home() / ".hythe").expanduser().absolute()
    return Config(
        home=place,
        catalog=str(chosen["catalog"] or f"sqlite:///{place / 'catalog.db'}"),
        actor=str(chosen["actor"] or f"{_user()}@{socket.gethostname()}"),
        issuers=_issuers(settings.get("issuers", []), file),
    )


def _settings(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as err:
        raise Invalid(f"{path} cannot be read: {err}; mend it or remove it") from err
    unknown = sorted(set(settings) - {*_KEYS, "issuers"})
    if unknown:
        raise Invalid(f"{path} sets {', '.join(unknown)}; the settings are {', '.join(_KEYS)}, issuers")
    return settings


def _issuers(tables: Any, file: Path) -> tuple[Issuer, ...]:
    """Read the issuers of tokens; a relative `jwks_from` is beside the file."""
    try:
        issuers = msgspec.convert(tables, tuple[Issuer, ...])
    except (msgspec.ValidationError, Invalid) as err:
        raise Invalid(f"{file}: [[issuers]] does not fit: {err}; see docs/keys.md") from err
    return tuple(
        msgspec.structs.replace(issuer, jwks_from=str(file.parent / issuer.jwks_from))
        if issuer.jwks_from and "://" not in issuer.jwks_from
        else issuer
        for issuer in issuers
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may have no name for its user
        return f"uid-{os.getuid()}"
