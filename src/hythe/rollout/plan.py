"""What an endpoint does with its traffic, as data."""

from __future__ import annotations

import math

import msgspec

from hythe.base.errors import Invalid


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


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    """The arms of one endpoint; a plan is replaced as a whole, never changed.

    `fallback` names versions that answer, in this order, when the chosen one fails. A plan checks itself.

    >>> Plan(arms=(Arm("1.0.0", "sha256:0a"), Arm("1.1.0", "sha256:0b", weight=0))).arms[1].weight
    0
    """

    arms: tuple[Arm, ...]
    fallback: tuple[str, ...] = ()

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
    def of(cls, version: str, digest: str) -> Plan:
        """Send everything to one version."""
        return cls(arms=(Arm(version, digest),))
