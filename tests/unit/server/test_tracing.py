"""Where spans go: the command line, else the standard's environment variables."""

from __future__ import annotations

import pytest

from hythe.base.errors import Invalid, Unsupported
from hythe.runtime import otlp
from hythe.server.tracing import SHARE, Tracing, tracing

URL = "http://127.0.0.1:4318"
SPANS = f"{URL}/v1/traces"


@pytest.mark.parametrize(
    ("otlp", "share", "environ", "found"),
    [
        (None, None, {}, None),
        (None, 0.0, {}, None),
        (URL, None, {}, Tracing(SPANS, SHARE)),
        (URL + "/", 0.5, {}, Tracing(SPANS, 0.5)),
        (None, None, {"OTEL_EXPORTER_OTLP_ENDPOINT": URL}, Tracing(SPANS, SHARE)),
        (None, None, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{URL}/x"}, Tracing(f"{URL}/x", SHARE)),
        (URL, None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://elsewhere"}, Tracing(SPANS, SHARE)),
        (None, None, {"OTEL_EXPORTER_OTLP_ENDPOINT": URL, "OTEL_SDK_DISABLED": "TRUE"}, None),
        (None, None, {"OTEL_EXPORTER_OTLP_ENDPOINT": URL, "OTEL_TRACES_EXPORTER": "none"}, None),
        (URL, None, {"OTEL_TRACES_SAMPLER": "always_on"}, Tracing(SPANS, 1.0)),
        (URL, None, {"OTEL_TRACES_SAMPLER": "parentbased_always_off"}, Tracing(SPANS, 0.0)),
        (
            URL, None, {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.25"},
            Tracing(SPANS, 0.25),
        ),
        (URL, 0.125, {"OTEL_TRACES_SAMPLER": "always_on"}, Tracing(SPANS, 0.125)),
    ],
)  # fmt: skip
def test_the_command_line_goes_before_the_environment(
    otlp: str | None, share: float | None, environ: dict[str, str], found: Tracing | None
) -> None:
    assert tracing(otlp, share, environ) == found


@pytest.mark.parametrize(
    ("otlp", "share", "environ", "message"),
    [
        ("127.0.0.1:4318", None, {}, "such as http://127.0.0.1:4318"),
        (URL, 1.5, {}, "trace_share is 1.5"),
        (None, 0.5, {}, "name one with --otlp URL"),
        (URL, None, {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "half"}, "is 'half'"),
        (
            None, None, {"OTEL_EXPORTER_OTLP_ENDPOINT": URL, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "by grpc; spans go by http/protobuf, port 4318",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_the_remedy(
    otlp: str | None, share: float | None, environ: dict[str, str], message: str
) -> None:
    with pytest.raises(Invalid, match=message):
        tracing(otlp, share, environ)


def test_missing_packages_are_named_by_their_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "find_spec", lambda _name: None)
    with pytest.raises(Unsupported, match=r"install 'hythe\[otel\]'"):
        tracing(URL, None, {})
    assert tracing(None, None, {}) is None
