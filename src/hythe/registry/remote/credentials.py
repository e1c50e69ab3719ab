"""Where the user name and password for a registry come from: the caller, the environment, Docker's file."""

from __future__ import annotations

import base64
import binascii
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hythe.base.errors import Denied, Invalid

HOST_VARIABLE = "HYTHE_REGISTRY_HOST"
"""The registry for which the two below are meant; without it they are given to any that asks."""
USER_VARIABLE = "HYTHE_REGISTRY_USER"
PASSWORD_VARIABLE = "HYTHE_REGISTRY_PASSWORD"  # noqa: S105 - the variable's name
_TOKEN_USER = "<token>"  # noqa: S105 - Docker's word for "the password is an identity token"
_HELPER_LIMIT_S = 30


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and a password; the password never shows."""

    user: str
    password: str = field(repr=False)

    @property
    def is_token(self) -> bool:
        """Tell whether the password is an OAuth2 identity token."""
        return self.user == _TOKEN_USER


def find_credentials(host: str, environment: Mapping[str, str], home: Path) -> Credentials | None:
    """Look up the credentials for `host`: environment, then Docker's configuration and its helpers."""
    user, password = environment.get(USER_VARIABLE), environment.get(PASSWORD_VARIABLE)
    if user and password and environment.get(HOST_VARIABLE, host) == host:
        return Credentials(user, password)
    file = Path(environment.get("DOCKER_CONFIG") or home / ".docker") / "config.json"
    settings = _settings(file)
    helper = settings.get("credHelpers", {}).get(host)
    entry = settings.get("auths", {}).get(host) or settings.get("auths", {}).get(f"https://{host}")
    if helper:
        return _asked(helper, host)
    if entry:
        return _entry(entry, file, host) or (
            _asked(store, host) if (store := settings.get("credsStore")) else None
        )
    return None


def _settings(file: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(file.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as err:
        raise Invalid(f"'{file}' cannot be read as JSON ({err}); put it right or move it away") from err
    return found if isinstance(found, dict) else {}


def _entry(entry: Mapping[str, str], file: Path, host: str) -> Credentials | None:
    if token := entry.get("identitytoken"):
        return Credentials(_TOKEN_USER, token)
    if not entry.get("auth"):
        return None
    try:
        user, _, password = base64.b64decode(entry["auth"], validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as err:
        raise Invalid(f"the entry of '{host}' in '{file}' is no base64; log in again") from err
    return Credentials(user, password.rstrip("\0"))


def _asked(helper: str, host: str) -> Credentials | None:
    command = f"docker-credential-{helper}"
    try:
        done = subprocess.run(
            [command, "get"], input=host, capture_output=True, text=True, timeout=_HELPER_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        raise Denied(f"'{command}' gave no credentials for '{host}' ({err}); log in again") from err
    if done.returncode != 0:
        return None
    found = json.loads(done.stdout)
    return Credentials(found["Username"], found["Secret"])
