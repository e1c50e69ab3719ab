"""`hythe push churn:1.0.0 oci://127.0.0.1:5000/models/churn`: send a version to a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hythe.cli.common import COMMON, Bar, Common, emit, say

if TYPE_CHECKING:
    from hythe.registry.remote.push import Pushed


def push_command(
    ref: str, to: str, *, why: str = "", plain_http: bool = False, common: Common = COMMON
) -> None:
    """Send a version to an OCI registry. Only what is missing there travels; a cut push goes on where it was.

    Parameters
    ----------
    ref
        The version: churn:1.0.0.
    to
        Where to: oci://HOST/PATH, with :TAG when the tag shall not be the version.
    why
        The reason, for the change log.
    plain_http
        Speak HTTP without TLS with another machine, too.

    """
    from hythe.app.wire import opened, remote
    from hythe.registry.remote.push import push

    with opened(common.config()) as here, remote(to, plain_http=plain_http) as client, Bar() as bar:
        pushed = push(here.registry, ref, client, actor=here.actor, why=why, progress=bar)
    emit(common, pushed, lambda: say(f"{pushed.ref} is at {pushed.target}: {_sent(pushed)}"))


def _sent(pushed: Pushed) -> str:
    if not pushed.sent_blobs:
        return "nothing had to be sent"
    return f"{pushed.sent_blobs} blobs ({pushed.sent_bytes:,} bytes) sent, {pushed.present_blobs} were there"
