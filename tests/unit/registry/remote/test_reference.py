from __future__ import annotations

import pytest

from hythe.base.errors import Invalid
from hythe.registry.remote.reference import RemoteRef, is_loopback, parse_remote, tag_of, version_of

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("oci://127.0.0.1:5000/models/churn", RemoteRef("127.0.0.1:5000", "models/churn")),
        ("oci://ghcr.io/me/churn:1.0.0", RemoteRef("ghcr.io", "me/churn", "1.0.0")),
        (f"oci://[::1]:5000/churn@{DIGEST}", RemoteRef("[::1]:5000", "churn", None, DIGEST)),
        (f"oci://host/a__b/c-d.e:t@{DIGEST}", RemoteRef("host", "a__b/c-d.e", "t", DIGEST)),
    ],
)
def test_a_reference_is_read_and_written_alike(text: str, ref: RemoteRef) -> None:
    assert parse_remote(text) == ref
    assert str(ref) == text


@pytest.mark.parametrize(
    "text",
    ["churn", "docker://h/p", "oci://host", "oci://host/", "oci://host/Upper", "oci://host/a//b",
     "oci://user@host/p", "oci://host/p:t:t", "oci://host/p@sha256:1", "oci://host/../p", "oci://host/p:"],
)  # fmt: skip
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match=r"is no (place in a registry|digest)"):
        parse_remote(text)


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("127.9.9.9:1", True),
        ("[::1]", True),
        ("10.0.0.1", False),
        ("127.evil.com", False),
    ],
)
def test_only_this_machine_is_loopback(host: str, local: bool) -> None:
    assert is_loopback(host) is local


def test_build_metadata_survives_a_tag() -> None:
    assert version_of(tag_of("1.0.0-rc.1+cpu.7")) == "1.0.0-rc.1+cpu.7"
