"""What an endpoint does with its traffic, as data."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from hythe.base.errors import Invalid
from hythe.rollout.limits import PlanLimits


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


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    """The arms of one endpoint; a plan is replaced as a whole, never changed.

    `fallback` names versions that answer, in this order, when the chosen one fails; then come answers that
    the cache still holds for the same rows, and then `constant`: a value for each output, as clients see
    it. Without `cache` no answer is kept, without `limits` the server's alone hold. A plan checks itself.

    >>> Plan(arms=(Arm("1.0.0", "sha256:0a"), Arm("1.1.0", "sha256:0b", weight=0))).arms[1].weight
    0
    """

    arms: tuple[Arm, ...]
    fallback: tuple[str, ...] = ()
    cache: CacheOptions | None = None
    constant: dict[str, Any] | None = None
    limits: PlanLimits | None = None

    def __post_init__(self) -> None:
        versions = [arm.version for arm in self.arms]
        if not versions:
            raise Invalid("the plan has no arm; name at least one version")
        if len(set(versions)) < len(versions):
            repeated = next(version for version in versions if versions.count(version) > 1)
            raise Invalid(f"version {repeated} has two arms; give each version one")
        if not any(arm.weight for arm in self.arms):
            raise Invalid("every arm has weight 0; give at least one arm more")

    @classmethod
    def of(cls, version: str, digest: str, cache: CacheOptions | None = None) -> Plan:
        """Send everything to one version."""
        return cls(arms=(Arm(version, digest),), cache=cache)
