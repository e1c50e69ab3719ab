"""`hythe pull oci://127.0.0.1:5000/models/churn:1.0.0`: fetch a version from a registry."""

from __future__ import annotations

from hythe.cli.common import COMMON, Bar, Common, emit, say


def pull_command(
    source: str,
    *,
    name: str | None = None,
    version: str | None = None,
    why: str = "",
    plain_http: bool = False,
    common: Common = COMMON,
) -> None:
    """Fetch a version from an OCI registry. Programs in it do not run until `hythe trust` says so.

    Parameters
    ----------
    source
        Where from: oci://HOST/PATH, with :TAG or @sha256:…; the newest version there when left out.
    name
        What to call the model here.
    version
        What version to call it here.
    why
        The reason, for the change log.
    plain_http
        Speak HTTP without TLS with another machine, too.

    """
    from hythe.app.wire import opened, remote
    from hythe.registry.remote.pull import pull

    with opened(common.config()) as here, remote(source, plain_http=plain_http) as client, Bar() as bar:
        pulled = pull(
            here.registry, client, actor=here.actor, why=why, name=name, version=version, progress=bar
        )
    emit(common, pulled, lambda: say(f"{pulled.record.ref} is here: hythe check {pulled.record.ref}"))
