"""How a person names a version: `churn`, `churn:1.4.2`, `churn:champion`, `churn@sha256:…`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hythe.base.errors import Invalid
from hythe.bundle.digests import check_digest
from hythe.registry.versions import Version

_NAME = re.compile(r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*")
_ALIAS = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
_LONGEST = 128


@dataclass(frozen=True, slots=True)
class Ref:
    """A parsed name: of the model alone, or with one of version, alias, digest."""

    name: str
    version: str | None = None
    alias: str | None = None
    digest: str | None = None

    def __str__(self) -> str:
        if self.digest:
            return f"{self.name}@{self.digest}"
        tag = self.version or self.alias
        return f"{self.name}:{tag}" if tag else self.name


def parse_ref(text: str) -> Ref:
    """Read a ref; raises `Invalid` saying what does not fit.

    >>> parse_ref("churn:1.4.2").version, parse_ref("churn:champion").alias, str(parse_ref("churn"))
    ('1.4.2', 'champion', 'churn')
    """
    name, at, digest = text.partition("@")
    if at:
        return Ref(check_name(name), digest=check_digest(digest))
    name, colon, tag = text.partition(":")
    check_name(name)
    if not colon:
        return Ref(name)
    if Version.fits(tag):
        return Ref(name, version=tag)
    return Ref(name, alias=check_alias(tag))


def check_name(name: str) -> str:
    """Give a model's name back when it is one.

    >>> check_name("team/churn")
    Traceback (most recent call last):
    ...
    hythe.base.errors.Invalid: 'team/churn' is no model name; use letters and digits, joined by single '.', '_' or '-'
    """  # noqa: E501 - the message in full
    if _NAME.fullmatch(name) is None or len(name) > _LONGEST:
        raise Invalid(f"{name!r} is no model name; use letters and digits, joined by single '.', '_' or '-'")
    return name


def check_alias(alias: str) -> str:
    """Give an alias back when it is one; it begins with a letter, so no version can be mistaken for it."""
    if _ALIAS.fullmatch(alias) is None or len(alias) > _LONGEST:
        raise Invalid(
            f"{alias!r} is no version such as 1.4.2 and no alias; an alias is a letter, then letters,"
            " digits, '.', '_' or '-'"
        )
    return alias
