"""Models and their versions, and what was decided on them."""

from __future__ import annotations

from typing import TypeAlias

from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody

from hythe.control.access import Asking, Here
from hythe.control.documents import Note
from hythe.control.routing import route
from hythe.operations.describe import listed
from hythe.operations.mark import approve as approve_version
from hythe.operations.mark import reject as reject_version
from hythe.registry.records import VersionRecord

_NO_NOTE = Note()
Noted: TypeAlias = JSONBody[Note | None]
ALL = "*"
"""A version may answer for any endpoint."""


@route(get, "/models", "view")
def models(registry: Here) -> list[str]:
    """List the models by name."""
    return registry.catalog.models()


@route(get, "/versions", "view")
def versions(registry: Here, model: FromQuery[str | None] = None) -> list[VersionRecord]:
    """List versions, the newest of each model first; of one model, or of all."""
    return listed(registry.catalog, model)


@route(post, "/versions/{ref:str}/approve", "admin", status_code=200)
def approve(ref: FromPath[str], registry: Here, who: Asking, data: Noted = None) -> VersionRecord:
    """Record that a version, such as `churn:1.0.0`, passed review."""
    who.check(ALL, "admin")
    return approve_version(registry.catalog, ref, actor=who.name, note=(data or _NO_NOTE).note)


@route(post, "/versions/{ref:str}/reject", "admin", status_code=200)
def reject(ref: FromPath[str], registry: Here, who: Asking, data: Noted = None) -> VersionRecord:
    """Record that a version did not pass review."""
    who.check(ALL, "admin")
    return reject_version(registry.catalog, ref, actor=who.name, note=(data or _NO_NOTE).note)


ROUTES = (models, versions, approve, reject)
