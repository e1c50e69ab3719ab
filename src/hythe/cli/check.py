"""`hythe check churn`: whether it still answers as it did when it was packed."""

from __future__ import annotations

from hythe.cli.common import COMMON, Bar, Common, emit, say

_WORDS = {True: "holds", False: "BROKEN", None: "not run"}


def check_command(ref: str, *, common: Common = COMMON) -> int:
    """Replay the stored rows of a version through each variant; exit code 1 when one answers otherwise.

    Parameters
    ----------
    ref
        The version: churn, churn:1.0.0, churn:champion or churn@sha256:….

    """
    from hythe.app.wire import opened
    from hythe.operations.check import check

    with opened(common.config()) as here, Bar() as bar:
        result = check(here.registry, ref, bar)

    def text() -> None:
        say(f"{result.ref}  {result.digest}", "  bytes   intact")
        for variant in result.variants:
            seconds = f" ({variant.seconds:.2f} s)" if variant.holds is not None else ""
            say(f"  {variant.variant:<7} {_WORDS[variant.holds]}: {variant.finding}{seconds}")
        for difference in result.differences:
            say(f"  note    {difference}")

    emit(common, result, text)
    return int(not result.passed)
