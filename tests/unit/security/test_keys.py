"""A key can be told from other text, and only its digest has to be kept."""

import hashlib
import math
import zlib

import pytest

from hythe.base.errors import Invalid
from hythe.security.allowance import parse_allowance, permit
from hythe.security.keys import Permit, is_key, key_digest, new_key

BASE62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def number(text: str) -> int:
    value = 0
    for digit in text:
        value = value * 62 + BASE62.index(digit)
    return value


def test_the_text_has_an_id_a_secret_and_its_crc_at_the_end() -> None:
    key = new_key()
    prefix, key_id, secret = key.text.split("_")
    assert (prefix, key_id, len(secret)) == ("hk", key.id, 49)
    assert number(key.text[-6:]) == zlib.crc32(key.text[:-6].encode())


def test_the_secret_holds_all_256_random_bits() -> None:
    entropy = bytes(range(32))
    key = new_key(lambda count: entropy[:count])
    assert number(key.text.split("_")[2][:43]) == int.from_bytes(entropy, "big")


def test_the_digest_is_sha_256_of_the_text() -> None:
    key = new_key()
    assert key.digest == key_digest(key.text) == hashlib.sha256(key.text.encode()).hexdigest()


def test_two_keys_differ() -> None:
    assert len({new_key().text for _ in range(100)}) == 100


@pytest.mark.parametrize("position", [3, 14, 30, 60])
def test_a_mistyped_key_is_recognised_as_no_key(position: int) -> None:
    text = new_key().text
    other = "1" if text[position] == "0" else "0"
    assert is_key(text)
    assert not is_key(text[:position] + other + text[position + 1 :])


@pytest.mark.parametrize("text", ["", "hk_", "hk_0000000000_", "Bearer x", "hk_" + "é" * 60])
def test_other_text_is_no_key(text: str) -> None:
    assert not is_key(text)
    assert not is_key(new_key().text + "\n" + text)


@pytest.mark.parametrize(
    ("text", "per_s"), [("100/s", 100.0), ("30/min", 0.5), ("7200/h", 2.0), ("1e6/day", 1e6 / 86_400)]
)
def test_an_allowance_is_a_number_in_a_period(text: str, per_s: float) -> None:
    assert parse_allowance(text).per_s == pytest.approx(per_s)


@pytest.mark.parametrize("text", ["", "100", "/s", "0/s", "-1/s", "inf/s", "nan/s", "1/week", "1/s/s"])
def test_what_is_no_allowance_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="no allowance"):
        parse_allowance(text)


def test_words_become_a_permit() -> None:
    made = permit(["churn"], ["predict"], rate="50/s", quota="1e6/day")
    assert made == Permit(endpoints=("churn",), verbs=("predict",), rate_per_s=50.0, burst=5, quota=1_000_000)
    assert permit() == Permit()


def test_a_quota_of_parts_of_a_request_and_a_burst_without_rate_are_refused() -> None:
    with pytest.raises(Invalid, match="whole number"):
        permit(quota="1.5/day")
    with pytest.raises(Invalid, match="there is no rate"):
        permit(burst=5)


@pytest.mark.parametrize(
    "wrong", [{"verbs": ("fly",)}, {"rate_per_s": math.inf}, {"rate_per_s": 0.0}, {"burst": 0}, {"quota": 0}]
)
def test_a_permit_checks_itself(wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        Permit(**wrong)  # type: ignore[arg-type]
