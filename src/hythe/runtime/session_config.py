"""How the sessions of models run: what they may use, and how many there are of one."""

from __future__ import annotations

from dataclasses import dataclass, field

from hythe.base.errors import Invalid
from hythe.flavors.placing import check_device
from hythe.runtime.backoff import Backoff

LEAST_MEMORY = 64 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionConfig:
    """How one model runs: `instances` calls at once, each with `threads`, on `cpu`, `cuda:N` or `auto`.

    The rest bounds the child of a native model. `start_s` and `answer_s` are the seconds it may take to load
    and to answer; past a batch's own deadline it gets `overrun_s` more before it is ended. `memory_bytes`
    bounds its private memory, 0 for no limit.
    """

    threads: int = 1
    instances: int = 1
    device: str = "cpu"
    start_s: float = 60.0
    answer_s: float = 30.0
    overrun_s: float = 1.0
    memory_bytes: int = 0
    backoff: Backoff = field(default_factory=Backoff)

    def __post_init__(self) -> None:
        if self.start_s <= 0 or self.answer_s <= 0 or self.overrun_s < 0:
            limits = f"{self.start_s}, {self.answer_s} and {self.overrun_s} s"
            raise Invalid(f"child limits are {limits}; give more than 0, and no negative overrun")
        if self.threads < 1 or self.instances < 1:
            raise Invalid(f"threads and instances are {self.threads} and {self.instances}; give 1 or more")
        if self.memory_bytes and self.memory_bytes < LEAST_MEMORY:
            least = f"{LEAST_MEMORY} (64 MiB), or 0 for no limit"
            raise Invalid(f"child memory_bytes is {self.memory_bytes}; give at least {least}")
        check_device(self.device)
