"""`hythe check churn`: whether it still answers as it did when it was packed."""

from __future__ import annotations

from typing import Literal

from hythe.cli.common import COMMON, Bar, Common, emit, say

_WORDS = {True: "holds", False: "BROKEN", None: "not run"}


def check_command(
    ref: str,
    *,
    environment: Literal["auto", "here", "lock"] = "here",
    device: str = "cpu",
    common: Common = COMMON,
) -> int:
    """Replay the stored rows of a version through each variant; exit code 1 when one answers otherwise.

    Parameters
    ----------
    ref
        The version: churn, churn:1.0.0, churn:champion or churn@sha256:….
    environment
        Where a native model is replayed: here, in an environment as its lock says, or auto, which takes the
        lock's when it does not answer as stored here.
    device
        Where models compute: cpu, cuda:0, or auto for a GPU where there is one.

    """
    from hythe.app.wire import opened
    from hythe.operations.check import check
    from hythe.operations.placing import Placing

    with opened(common.config()) as here, Bar() as bar:
        result = check(here.registry, ref, bar, Placing(environment=environment, device=device))

    def text() -> None:
        say(f"{result.ref}  {result.digest}", "  bytes   intact")
        for variant in result.variants:
            seconds = f" ({variant.seconds:.2f} s)" if variant.holds is not None else ""
            say(f"  {variant.variant:<7} {_WORDS[variant.holds]}: {variant.finding}{seconds}")
        for difference in result.differences:
            say(f"  note    {difference}")

    emit(common, result, text)
    return int(not result.passed)
