"""`hythe trust churn:1.0.0`: let a version's own code or pickle run here."""

from __future__ import annotations

from hythe.cli.common import COMMON, Common, emit, say


def trust_command(target: str, *, note: str = "", common: Common = COMMON) -> None:
    """Let a version's own code or pickle run here. Proven ONNX variants never need it.

    Parameters
    ----------
    target
        A version (churn:1.0.0), or the digest of a model file (sha256:…).
    note
        Why it can be trusted.

    """
    from hythe.app.wire import opened
    from hythe.operations.mark import trust

    with opened(common.config()) as here:
        digest = trust(here.catalog, target, actor=here.actor, note=note)
    emit(common, {"trusted": digest}, lambda: say(f"{digest} is trusted here now"))
