"""Semantic versions (SemVer 2.0.0), and which one to propose for what changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import total_ordering
from typing import Literal, TypeAlias

from hythe.base.errors import Invalid
from hythe.bundle.schema import Column, Output, Schema, Tensor

Change: TypeAlias = Literal["patch", "minor", "major"]

_NUMBER = r"(0|[1-9]\d*)"
_IDENTIFIER = r"(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_SEMVER = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}"
    rf"(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?",
    re.ASCII,
)
_LONGEST = 128


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """One SemVer number, ordered by precedence (section 11; build metadata does not count)."""

    major: int
    minor: int
    patch: int
    pre: tuple[str, ...] = ()
    build: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read a version.

        >>> sorted(map(Version.parse, ["1.0.0", "1.0.0-rc.2", "1.0.0-rc.10"]))[0].pre
        ('rc', '2')
        """
        found = _SEMVER.fullmatch(text)
        if found is None or len(text) > _LONGEST:
            raise Invalid(f"{text!r} is no version; write MAJOR.MINOR.PATCH, for example 1.0.0")
        major, minor, patch, pre, build = found.groups()
        return cls(
            int(major), int(minor), int(patch), tuple(pre.split(".")) if pre else (),
            tuple(build.split(".")) if build else (),
        )  # fmt: skip

    @staticmethod
    def fits(text: str) -> bool:
        """Tell whether `text` is a version."""
        return _SEMVER.fullmatch(text) is not None and len(text) <= _LONGEST

    def __str__(self) -> str:
        pre = "-" + ".".join(self.pre) if self.pre else ""
        build = "+" + ".".join(self.build) if self.build else ""
        return f"{self.major}.{self.minor}.{self.patch}{pre}{build}"

    def __lt__(self, other: Version) -> bool:
        return self.precedence < other.precedence

    @property
    def precedence(self) -> tuple[object, ...]:
        """What versions are ordered by."""
        marks = tuple((0, int(mark), "") if mark.isdigit() else (1, 0, mark) for mark in self.pre)
        return self.major, self.minor, self.patch, not self.pre, marks

    def bump(self, change: Change) -> Version:
        """Give the next version; a pre-release becomes its own release where that is step enough.

        >>> str(Version.parse("1.4.2").bump("minor")), str(Version.parse("2.0.0-rc.1").bump("major"))
        ('1.5.0', '2.0.0')
        """
        if change == "major":
            step = 0 if self.pre and not self.minor and not self.patch else 1
            return Version(self.major + step, 0, 0)
        if change == "minor":
            return Version(self.major, self.minor + (0 if self.pre and not self.patch else 1), 0)
        return Version(self.major, self.minor, self.patch + (0 if self.pre else 1))


FIRST = Version(1, 0, 0)
"""The version of a model's first bundle."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a proposal compares: the schema, and the digest of each file of the bundle by path."""

    schema: Schema | None
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Proposal:
    """How big a step is needed, and why."""

    change: Change
    reasons: tuple[str, ...]


def propose(before: Contents, after: Contents) -> Proposal:
    """Propose the step from what changed.

    A schema change that breaks callers is major; a compatible one, and other weights or code, are minor;
    anything else (card, baseline, a variant of the same model) is patch.
    """
    breaking, compatible = schema_changes(before.schema, after.schema)
    if breaking:
        return Proposal("major", breaking)
    if _behaviour(before.digests) != _behaviour(after.digests):
        compatible = (*compatible, "the model itself changed")
    if compatible:
        return Proposal("minor", compatible)
    changed = sorted(
        path
        for path in {*before.digests, *after.digests}
        if before.digests.get(path) != after.digests.get(path)
    )
    return Proposal("patch", tuple(f"'{path}' changed" for path in changed))


def schema_changes(before: Schema | None, after: Schema | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Compare two schemas: the changes that break callers, and those that do not."""
    if before is None or after is None or before == after:
        return (), ()
    breaking = [*_input_breaks(before, after), *_output_breaks(before, after)]
    return tuple(breaking), () if breaking else ("the schema changed without breaking callers",)


def _behaviour(digests: Mapping[str, str]) -> dict[str, str]:
    return {path: digest for path, digest in digests.items() if path.startswith(("model/", "code/"))}


def _input_breaks(before: Schema, after: Schema) -> list[str]:
    old = {item.name: item for item in before.inputs}
    new = {item.name: item for item in after.inputs}
    found = [f"input '{name}' is gone" for name in old if name not in new]
    found += [
        f"input '{name}' is newly required" for name in new if name not in old and not _optional(new[name])
    ]
    for name, item in old.items():
        if name in new and (why := _narrowed(item, new[name])):
            found.append(f"input '{name}' {why}")
    return found


def _optional(item: Column | Tensor) -> bool:
    return isinstance(item, Column) and item.nullable


def _narrowed(old: Column | Tensor, new: Column | Tensor) -> str | None:
    if isinstance(old, Column) and isinstance(new, Column):
        return _column_narrowed(old, new)
    if isinstance(old, Tensor) and isinstance(new, Tensor) and old.dtype == new.dtype:
        fits = len(old.shape) == len(new.shape) and all(
            wide in (-1, length) for length, wide in zip(old.shape, new.shape, strict=True)
        )
        return None if fits else f"has another shape: {list(old.shape)} became {list(new.shape)}"
    return "has another type"


def _column_narrowed(old: Column, new: Column) -> str | None:
    if old.type != new.type:
        return f"has another type: {old.type} became {new.type}"
    if old.nullable and not new.nullable:
        return "may no longer be missing"
    if new.categories is not None and not {*(old.categories or ())} <= {*new.categories}:
        return "lost categories"
    if new.categories is not None and old.categories is None:
        return "takes listed categories only"
    if _tighter(old.minimum, new.minimum, -1) or _tighter(old.maximum, new.maximum, 1):
        return "has tighter limits"
    return None


def _tighter(old: float | None, new: float | None, sign: int) -> bool:
    return new is not None and (old is None or sign * new < sign * old)


def _output_breaks(before: Schema, after: Schema) -> list[str]:
    new: dict[str, Output] = {item.name: item for item in after.outputs}
    found = [f"output '{item.name}' is gone" for item in before.outputs if item.name not in new]
    return found + [
        f"output '{item.name}' has another type or other classes"
        for item in before.outputs
        if item.name in new and new[item.name] != item
    ]
