"""Where a version is to run, as people say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from hythe.base.errors import Invalid
from hythe.flavors.placing import check_device

Environment: TypeAlias = Literal["auto", "here", "lock"]
"""For native models. `here`: never another environment than the running one; `lock`: always one as locked;
`auto`: the lock's where the goldens do not hold here. The running one is as locked where nothing differs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """Which environment a native model gets, the device (`cpu`, `cuda:N`, `auto`), threads of one call."""

    environment: Environment = "auto"
    device: str = "cpu"
    threads: int = 1

    def __post_init__(self) -> None:
        if self.environment not in get_args(Environment):
            raise Invalid(f"environment is {self.environment!r}; use 'auto', 'here' or 'lock'")
        check_device(self.device)
