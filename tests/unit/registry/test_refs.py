from __future__ import annotations

import pytest

from hythe.base.errors import Invalid
from hythe.registry.refs import Ref, check_name, parse_ref

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("churn", Ref("churn")),
        ("churn:1.4.2", Ref("churn", version="1.4.2")),
        ("churn:1.0.0-rc.1+cpu", Ref("churn", version="1.0.0-rc.1+cpu")),
        ("churn:champion", Ref("churn", alias="champion")),
        (f"churn@{DIGEST}", Ref("churn", digest=DIGEST)),
        ("Fraud_2.eu-west:v1", Ref("Fraud_2.eu-west", alias="v1")),
    ],
)
def test_a_ref_is_read_and_written_alike(text: str, ref: Ref) -> None:
    assert parse_ref(text) == ref
    assert str(ref) == text


@pytest.mark.parametrize("name", ["", "a/b", "a b", "a__b", "-a", "a.", "ä", "../a", "a\n", "x" * 129])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="is no model name; use letters and digits"):
        check_name(name)


@pytest.mark.parametrize("text", ["churn:", "churn:1.4", "churn:01.0.0", "churn:a b", "churn:1x", "churn:é"])
def test_what_is_neither_version_nor_alias_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match=r"is no version such as 1\.4\.2 and no alias"):
        parse_ref(text)


@pytest.mark.parametrize("text", ["churn@", "churn@sha256:abc", f"churn@{DIGEST.upper()}"])
def test_what_is_no_digest_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="is no digest"):
        parse_ref(text)
