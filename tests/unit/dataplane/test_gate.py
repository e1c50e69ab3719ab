"""Who is let in, for what, for how long, and how often."""

import json
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from hythe.base.errors import Busy, Corrupt, Denied, Unauthenticated
from hythe.dataplane import gate as gate_module
from hythe.dataplane.ask import ANYBODY
from hythe.dataplane.gate import Gate
from hythe.runtime.limiter import Limiter, create
from hythe.security import tokens
from hythe.security.keys import KeyEntry, new_key
from hythe.security.tokens import Issuer

KEY, OTHER = new_key(), new_key()
SHOWN = f"Bearer {KEY.text}"
SIGNER = ECKey.generate_key("P-256", {"kid": "ec"})
ISSUER = Issuer(
    url="https://issuer.example",
    audience="hythe",
    jwks=json.dumps({"keys": [SIGNER.as_dict(private=False)]}).encode(),
)


class Now:
    """Seconds since 1970 that can be moved."""

    def __init__(self) -> None:
        self.s = time.time()

    def __call__(self) -> float:
        return self.s


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def limiter() -> Iterator[Limiter]:
    descriptor = create(columns=1, places=8)
    yield Limiter(descriptor, 0)
    os.close(descriptor)


@pytest.fixture
def gate(limiter: Limiter, now: Now) -> Gate:
    return Gate(limiter, now=now)


def entry(**fields: Any) -> KeyEntry:
    return KeyEntry(**{"digest": KEY.digest, "id": KEY.id, "place": 3, "name": "ci", **fields})


def bearer(**claims: Any) -> str:
    body = {"iss": ISSUER.url, "aud": "hythe", "sub": "ana", "exp": int(time.time()) + 600, **claims}
    return "Bearer " + jwt.encode({"alg": "ES256", "kid": "ec"}, body, SIGNER)


@pytest.mark.parametrize(
    "shown", [SHOWN, f"bearer {KEY.text}", f"Bearer   {KEY.text}", KEY.text], ids=range(4)
)
def test_a_key_names_its_caller_in_either_header(gate: Gate, shown: str) -> None:
    gate.update([entry(endpoints=("churn",), verbs=("predict",))])
    for _ in range(2):
        caller = gate.identify(shown)
        assert (caller.name, caller.place) == (KEY.id, 3)
        assert (caller.endpoints, caller.verbs) == (frozenset({"churn"}), frozenset({"predict"}))


WRONG = [
    "", " ", "Bearer", "Bearer ", SHOWN + "x", SHOWN.lower(), f"Basic {KEY.text}", f"Bearer {OTHER.text}",
    OTHER.text, f"Bearer {KEY.text} {KEY.text}", f" {SHOWN}", "Bearer é", "Bearer a.b.c", f"{SHOWN}\n",
]  # fmt: skip


@pytest.mark.parametrize("anonymous", [True, False])
@pytest.mark.parametrize("shown", WRONG, ids=range(len(WRONG)))
def test_whoever_shows_something_wrong_is_refused_in_the_same_words(
    limiter: Limiter, shown: str, anonymous: bool
) -> None:
    gate = Gate(limiter, anonymous=anonymous)
    gate.update([entry()], [ISSUER])
    with pytest.raises(Unauthenticated) as refused:
        gate.identify(shown)
    assert str(refused.value) == "the key or token is not valid; ask for a new one"


def test_whoever_shows_nothing_comes_in_by_choice_only(limiter: Limiter) -> None:
    with pytest.raises(Unauthenticated, match="this server wants a key"):
        Gate(limiter).identify(None)
    open_gate = Gate(limiter, anonymous=True)
    for _ in range(2):
        caller = open_gate.identify(None)
        assert (caller.name, caller.endpoints, caller.place) == ("", None, ANYBODY.place)
        open_gate.admit(caller, "churn", "predict")
    with pytest.raises(Denied):
        open_gate.admit(open_gate.identify(None), "", "admin")


def test_a_revoked_key_is_refused_from_the_update_on(gate: Gate) -> None:
    gate.update([entry()])
    gate.identify(SHOWN)
    gate.update([])
    with pytest.raises(Unauthenticated):
        gate.identify(SHOWN)


def test_a_key_that_was_unknown_is_known_from_the_update_on(gate: Gate) -> None:
    with pytest.raises(Unauthenticated):
        gate.identify(SHOWN)
    gate.update([entry()])
    assert gate.identify(SHOWN).name == KEY.id


def test_a_known_key_is_refused_the_moment_it_expires(gate: Gate, now: Now) -> None:
    gate.update([entry(expires_at=now() + 10)])
    gate.identify(SHOWN)
    now.s += 9.9
    gate.identify(SHOWN)
    now.s += 0.1
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            gate.identify(SHOWN)


def test_a_scope_is_kept(gate: Gate) -> None:
    gate.update([entry(endpoints=("churn",), verbs=("predict", "metrics"))])
    caller = gate.identify(SHOWN)
    gate.admit(caller, "churn", "predict")
    gate.admit(caller, "", "metrics")
    with pytest.raises(Denied, match="not for endpoint 'fraud'"):
        gate.admit(caller, "fraud", "predict")
    with pytest.raises(Denied, match="not for the verb 'explain'"):
        gate.admit(caller, "churn", "explain")


def test_what_is_denied_costs_no_quota(gate: Gate, limiter: Limiter) -> None:
    gate.update([entry(endpoints=("churn",), quota=2)])
    caller = gate.identify(SHOWN)
    for _ in range(5):
        with pytest.raises(Denied):
            gate.admit(caller, "fraud", "predict")
    gate.admit(caller, "churn", "predict")
    assert limiter.usage(3).used == 1


def test_rate_and_quota_outlive_an_update(gate: Gate) -> None:
    keys = [entry(quota=3, rate_per_s=1e6, burst=100)]
    gate.update(keys)
    for _ in range(3):
        gate.admit(gate.identify(SHOWN), "churn", "predict")
        gate.update(keys)
    with pytest.raises(Busy, match="quota of 3"):
        gate.admit(gate.identify(SHOWN), "churn", "predict")


def test_a_rate_refuses_with_the_time_to_wait(gate: Gate) -> None:
    gate.update([entry(rate_per_s=0.01)])
    caller = gate.identify(SHOWN)
    gate.admit(caller, "churn", "predict")
    with pytest.raises(Busy, match=r"rate of 0\.01 a second") as refused:
        gate.admit(caller, "churn", "predict")
    assert 90 < refused.value.retry_after_s <= 100


def test_a_token_may_do_what_its_scopes_say_and_no_mix_of_them(gate: Gate) -> None:
    gate.update([], [ISSUER])
    caller = gate.identify(bearer(scope="hythe:predict:churn hythe:explain:fraud hythe:metrics"))
    assert caller.name == "ana"
    gate.admit(caller, "churn", "predict")
    gate.admit(caller, "fraud", "explain")
    gate.admit(caller, "", "metrics")
    for endpoint, verb in [("fraud", "predict"), ("churn", "explain"), ("churn", "admin"), ("", "predict")]:
        with pytest.raises(Denied, match="ask for one with scope"):
            gate.admit(caller, endpoint, verb)


def test_a_token_is_verified_once(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    verify = tokens.Verifiers.verify

    def counted(self: tokens.Verifiers, text: str) -> tokens.Token:
        verified.append(text)
        return verify(self, text)

    monkeypatch.setattr(tokens.Verifiers, "verify", counted)
    gate.update([], [ISSUER])
    shown = bearer()
    assert [gate.identify(shown).name for _ in range(3)] == ["ana"] * 3
    assert len(verified) == 1


def test_a_known_token_is_refused_once_it_expires(gate: Gate, now: Now) -> None:
    gate.update([], [ISSUER])
    shown = bearer(exp=int(now()) + 100)
    gate.identify(shown)
    now.s += 100 + ISSUER.leeway_s
    with pytest.raises(Unauthenticated):
        gate.identify(shown)


def test_a_known_token_is_refused_once_its_issuer_is_gone(gate: Gate) -> None:
    gate.update([], [ISSUER])
    shown = bearer()
    gate.identify(shown)
    gate.update([], [])
    with pytest.raises(Unauthenticated):
        gate.identify(shown)


def test_an_update_that_cannot_be_read_leaves_what_stands(gate: Gate) -> None:
    gate.update([entry()], [ISSUER])
    with pytest.raises(Corrupt):
        gate.update([], [Issuer(url="https://x.example", audience="hythe", jwks=b"")])
    assert gate.identify(SHOWN).name == KEY.id
    assert gate.identify(bearer()).name == "ana"


def test_what_is_remembered_is_bounded(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "_MOST_CACHED", 3)
    gate.update([entry()], [ISSUER])
    for spaces in range(1, 10):
        assert gate.identify(f"Bearer{' ' * spaces}{KEY.text}").name == KEY.id
    for subject in "abcdefgh":
        assert gate.identify(bearer(sub=subject)).name == subject
    assert len(gate._known.callers) == len(gate._known._tokens) == 3


def test_wrong_keys_are_not_remembered(gate: Gate) -> None:
    gate.update([entry()])
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            gate.identify(new_key().text)
    assert gate._known.callers == {}
