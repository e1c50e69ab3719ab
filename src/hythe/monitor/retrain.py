"""What starts retraining."""

from __future__ import annotations

import msgspec

from hythe.base.errors import Invalid


class Retrain(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """When an alert of the rule `on` fires, run `command` with the evidence; without one log an event.

    Once for each cause (the alert's key), and not again for `cool_down_s` seconds.
    """

    on: str
    command: tuple[str, ...] = ()
    cool_down_s: float = 86400.0

    def __post_init__(self) -> None:
        if not self.on:
            raise Invalid("a retraining trigger names no rule; give the rule's name as 'on'")
        if self.cool_down_s < 0:
            raise Invalid(f"cool_down_s is {self.cool_down_s}; give a number, 0 or more")
