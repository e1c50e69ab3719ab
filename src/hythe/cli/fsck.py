"""`hythe fsck`: check every stored byte and record."""

from __future__ import annotations

from hythe.cli.common import COMMON, Common, emit, say


def fsck_command(*, common: Common = COMMON) -> int:
    """Check every stored byte and record. Nothing is changed; exit code 1 when something is damaged."""
    from hythe.app.wire import opened

    with opened(common.config()) as here:
        findings = here.registry.fsck()

    damaged = [finding for finding in findings if finding.damage]

    def text() -> None:
        for finding in findings:
            say(f"{'FAULT' if finding.damage else 'note '}  {finding.subject}: {finding.message}")
        say(f"{len(damaged)} faults" if damaged else "everything is in order")

    emit(common, {"clean": not damaged, "findings": findings}, text)
    return int(bool(damaged))
