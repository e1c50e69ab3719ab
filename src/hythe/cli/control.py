"""`hythe control`: the control plane alone, beside servers that run elsewhere."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from hythe.base.errors import Invalid
from hythe.base.network import is_loopback
from hythe.cli.common import COMMON, Common, say

if TYPE_CHECKING:
    from hythe.control.spec import ControlConfig
    from hythe.security.tls import Tls


def control_command(  # noqa: PLR0913 - one option each
    *,
    host: str = "127.0.0.1",
    port: int = 8079,
    api: bool = True,
    tls_cert: str | None = None,
    tls_key: str | None = None,
    tls_client_ca: str | None = None,
    anonymous: bool | None = None,
    otlp: str | None = None,
    common: Common = COMMON,
) -> None:
    """Run the control API, the controller that moves rollouts, and the monitor, until told to stop.

    Several may run on one catalog, also on several machines: one of them moves rollouts and one monitors, and
    another takes over when it is gone.

    Parameters
    ----------
    host
        The address that the API listens on.
    port
        The port of the API; 0 takes a free one.
    api
        Answer requests; with --no-api there are controller and monitor alone.
    tls_cert
        The PEM file of the certificate chain; when it changes, the API's process is replaced.
    tls_key
        The PEM file of the certificate's key.
    tls_client_ca
        The PEM file of those whose clients may call; others are turned away (mTLS).
    anonymous
        Let callers of this machine in without a key or token; by default where nobody else can call.
    otlp
        The URL of an OpenTelemetry collector that takes metrics, such as http://127.0.0.1:4318.

    """
    from hythe.app.wire import opened
    from hythe.control.serve import ControlPlane
    from hythe.operations.keys import key_entries
    from hythe.security.tls import tls_files

    tls = tls_files(tls_cert, tls_key, tls_client_ca)
    config = control_config(common, host, port, api=api, anonymous=anonymous, tls=tls, otlp=otlp)
    with opened(common.config()) as here:
        keys = len(key_entries(here.catalog))
    if config.api and not (config.anonymous or keys or config.issuers):
        raise nobody_could_ask(host)

    def ready(url: str) -> None:
        if common.json:
            document = {"control": url or None, "anonymous": config.anonymous, "catalog": config.catalog}
            sys.stdout.write(json.dumps(document) + "\n")
        else:
            say("rollouts are moved and endpoints monitored, unless another does so already")
            if url:
                tell_control(url, anonymous=config.anonymous)
            say("stop it with Ctrl-C")
        sys.stdout.flush()

    ControlPlane(config).run(ready)


def control_config(
    common: Common,
    host: str,
    port: int,
    *,
    api: bool = True,
    anonymous: bool | None = None,
    tls: Tls | None = None,
    otlp: str | None = None,
) -> ControlConfig:
    """Say how the control plane is to run; raises Invalid where strangers would be let in without a key."""
    from hythe.control.spec import ControlConfig
    from hythe.runtime.metering import metering

    local = is_loopback(host)
    if anonymous and not local:
        raise Invalid(
            f"on {host} anybody could change what is served; leave --anonymous out and make keys: "
            "hythe key create --verb admin"
        )
    settings = common.config()
    return ControlConfig(
        home=str(settings.home),
        catalog=settings.catalog,
        actor=settings.actor,
        host=host,
        port=port,
        api=api,
        anonymous=local if anonymous is None else anonymous,
        issuers=settings.issuers,
        tls=tls,
        metering=metering(otlp, os.environ),
    )


def nobody_could_ask(host: str) -> Invalid:
    """Say that there is no key that the control API on `host` would take."""
    return Invalid(
        f"nobody could ask the control API on {host}: it wants keys and there is none; make one with "
        "'hythe key create --verb admin', or leave the API out with --no-api"
    )


def tell_control(url: str, *, anonymous: bool) -> None:
    """Print where the control API is, and who may use it."""
    who = "callers of this machine need no key" if anonymous else "callers need a key for view or admin"
    say(f"control API: {url}   {url}/schema/openapi.json   ({who})")
