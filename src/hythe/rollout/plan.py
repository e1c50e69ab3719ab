"""What an endpoint does with its traffic, as data."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from hythe.base.errors import Invalid, Unsupported
from hythe.rollout.limits import PlanLimits
from hythe.rollout.sticky import Sticky

FORMAT = 1
"""The newest form of plans that this Hythe follows."""


class Arm(msgspec.Struct, frozen=True, omit_defaults=True):
    """One version and its share of the traffic: `weight` against the sum of all arms' weights.

    `version` is the SemVer number, `digest` the bundle's.
    """

    version: str
    digest: str
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.weight) and self.weight >= 0):
            raise Invalid(f"arm {self.version} has weight {self.weight}; give 0 or more")


class CacheOptions(msgspec.Struct, frozen=True, omit_defaults=True):
    """How long answers are kept for equal rows, and in how many bytes of each process for each version.

    An answer counts for `ttl_s`; for `stale_s` more it may stand in, marked, for a version that fails.
    """

    ttl_s: float
    max_bytes: int = 64 * 2**20
    stale_s: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.ttl_s) and self.ttl_s > 0):
            raise Invalid(f"the cache's ttl_s is {self.ttl_s}; give a number of seconds greater than 0")
        if not (math.isfinite(self.stale_s) and self.stale_s >= 0):
            raise Invalid(f"the cache's stale_s is {self.stale_s}; give a number of seconds, 0 or more")
        if self.max_bytes < 1:
            raise Invalid(f"the cache's max_bytes is {self.max_bytes}; give 1 or more")


class Shadow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A version that gets copies of some requests after they were answered; nobody sees its answers.

    `share` is from 0 to 1. A score that differs by more than `margin` has moved.
    """

    version: str
    digest: str
    share: float = 0.1
    margin: float = 0.01

    def __post_init__(self) -> None:
        if not 0.0 < self.share <= 1.0:
            raise Invalid(f"shadow {self.version} has share {self.share}; give more than 0 and up to 1")
        if not (math.isfinite(self.margin) and self.margin >= 0):
            raise Invalid(f"shadow {self.version} has margin {self.margin}; give 0 or more")


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    """The arms of one endpoint; a plan is replaced as a whole, never changed.

    `model` is the model whose versions these are, "" for the one with the endpoint's name. With `sticky`
    (see `Sticky`) a key stays with its arm; without, each request is drawn for itself. `shadows` get copies.

    `fallback` names versions that answer, in this order, when the chosen one fails; then come answers that
    the cache still holds for the same rows, and then `constant`: a value for each output, as clients see
    it. Without `cache` no answer is kept, without `limits` the server's alone hold.

    `join_share` is the share of predictions that is kept for feedback, None for the server's. Where
    `approval` is asked for, only approved versions take traffic. `rollout` is the id of the rollout that put
    the plan, "" for a person. A plan checks itself; one of a newer `format` is refused.

    >>> Plan(arms=(Arm("1.0.0", "sha256:0a"), Arm("1.1.0", "sha256:0b", weight=0))).arms[1].weight
    0
    """

    arms: tuple[Arm, ...]
    fallback: tuple[str, ...] = ()
    cache: CacheOptions | None = None
    constant: dict[str, Any] | None = None
    limits: PlanLimits | None = None
    model: str = ""
    sticky: str = ""
    shadows: tuple[Shadow, ...] = ()
    join_share: float | None = None
    approval: bool = False
    rollout: str = ""
    format: int = FORMAT

    def __post_init__(self) -> None:
        if self.format > FORMAT:
            raise Unsupported(
                f"the plan has format {self.format} and was written by a newer Hythe; this one follows up to "
                f"{FORMAT}: install the newer Hythe"
            )
        versions = [arm.version for arm in self.arms]
        if not versions:
            raise Invalid("the plan has no arm; name at least one version")
        if len(set(versions)) < len(versions):
            repeated = next(version for version in versions if versions.count(version) > 1)
            raise Invalid(f"version {repeated} has two arms; give each version one")
        if not any(arm.weight for arm in self.arms):
            raise Invalid("every arm has weight 0; give at least one arm more")
        Sticky.parse(self.sticky)
        if self.join_share is not None and not 0.0 <= self.join_share <= 1.0:
            raise Invalid(f"join_share is {self.join_share}; give a share from 0 to 1")
        shadowed = [shadow.version for shadow in self.shadows]
        if len(set(shadowed)) < len(shadowed):
            raise Invalid(f"a version is a shadow twice: {', '.join(shadowed)}; give each one share")

    @property
    def digests(self) -> dict[str, str]:
        """The digest of each version that the plan names; "" for a fallback, whose digest it does not say."""
        found = {arm.version: arm.digest for arm in self.arms}
        found |= {shadow.version: shadow.digest for shadow in self.shadows if shadow.version not in found}
        return found | {version: "" for version in self.fallback if version not in found}

    @classmethod
    def of(cls, version: str, digest: str, cache: CacheOptions | None = None) -> Plan:
        """Send everything to one version."""
        return cls(arms=(Arm(version, digest),), cache=cache)
