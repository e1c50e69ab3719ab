"""Where spans go, and of how many requests: as the command line says, else the standard's variables."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hythe.base.errors import Invalid
from hythe.runtime.otlp import check_installed, endpoint_of

SHARE = 0.01
"""Of the requests whose caller has decided nothing, so many are traced when nobody says otherwise."""
_RATIOS = {"traceidratio", "parentbased_traceidratio"}
_SHARES = {"always_on": 1.0, "parentbased_always_on": 1.0, "always_off": 0.0, "parentbased_always_off": 0.0}


class Tracing(msgspec.Struct, frozen=True):
    """`endpoint` is the URL that takes spans by OTLP over HTTP.

    Of the requests that come without a trace `share` are traced; of the others those whose caller says so.
    """

    endpoint: str
    share: float = SHARE

    def __post_init__(self) -> None:
        if not self.endpoint.startswith(("http://", "https://")):
            raise Invalid(f"the collector is {self.endpoint!r}; give a URL such as http://127.0.0.1:4318")
        if not 0 <= self.share <= 1:
            raise Invalid(f"trace_share is {self.share}; give a share from 0 to 1")


def tracing(otlp: str | None, share: float | None, environ: Mapping[str, str]) -> Tracing | None:
    """Say where spans go; None for nowhere. `otlp` is a collector's base URL.

    Without it the standard's variables count: `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`,
    `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_TRACES_EXPORTER`, `OTEL_SDK_DISABLED`; and for the share
    `OTEL_TRACES_SAMPLER` with its argument.

    >>> tracing("http://127.0.0.1:4318", None, {})
    Tracing(endpoint='http://127.0.0.1:4318/v1/traces', share=0.01)

    Raises:
        Invalid: when a value does not fit, or there is a share and no collector.
        Unsupported: when the packages for it are missing.

    """
    off = otlp is None and environ.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp"
    endpoint = "" if off else endpoint_of("traces", otlp, environ)
    if not endpoint:
        if share:
            raise Invalid(f"trace_share is {share} and there is no collector; name one with --otlp URL")
        return None
    found = Tracing(endpoint, _share(environ) if share is None else share)
    check_installed("tracing")
    return found


def _share(environ: Mapping[str, str]) -> float:
    sampler = environ.get("OTEL_TRACES_SAMPLER", "")
    if sampler in _RATIOS:
        given = environ.get("OTEL_TRACES_SAMPLER_ARG", "1.0")
        try:
            return float(given)
        except ValueError as err:
            raise Invalid(f"OTEL_TRACES_SAMPLER_ARG is {given!r}; give a share from 0 to 1") from err
    return _SHARES.get(sampler, SHARE)
