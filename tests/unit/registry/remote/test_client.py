from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from hythe.base.errors import Corrupt, Denied, Invalid, NotFound, Unavailable
from hythe.bundle.digests import digest_of
from hythe.registry.remote.client import RegistryClient
from hythe.registry.remote.credentials import Credentials
from hythe.testing.memory_registry import Fault, MemoryRegistry

Connect = Callable[..., RegistryClient]
ANA = Credentials("ana", "s3cret")
TOKENS = "https://auth.example.com/token"


def times(count: int, answer: Callable[[httpx.Request], httpx.Response]) -> Fault:
    left = iter(range(count))
    return lambda request: answer(request) if next(left, None) is not None else None


def test_basic_authentication_is_given_when_asked(connect: Connect, server: MemoryRegistry) -> None:
    expected = httpx.BasicAuth("ana", "s3cret")._auth_header

    def guard(request: httpx.Request) -> httpx.Response | None:
        if request.headers.get("Authorization") == expected:
            return None
        return httpx.Response(401, headers={"WWW-Authenticate": 'Basic realm="x"'})

    server.faults.append(guard)
    client = connect(credentials=ANA)
    assert client.tags() == []
    client.has_blob("sha256:" + "0" * 64)
    assert len(server.requests) == 3  # refused once, then given at once


def test_a_token_is_fetched_for_the_scope_that_is_asked(connect: Connect, server: MemoryRegistry) -> None:
    asked: list[httpx.Request] = []

    def guard(request: httpx.Request) -> httpx.Response | None:
        if request.url.host == "auth.example.com":
            asked.append(request)
            return httpx.Response(200, json={"token": "tok"})
        if request.headers.get("Authorization") == "Bearer tok":
            return None
        scope = 'scope="repository:models/churn:pull,push"'
        said = f'Bearer realm="{TOKENS}?a=1",service="reg",{scope}'
        return httpx.Response(401, headers={"WWW-Authenticate": said})

    server.faults.append(guard)
    assert connect(credentials=ANA).tags() == []
    (request,) = asked
    assert dict(request.url.params) == {
        "a": "1",
        "service": "reg",
        "scope": "repository:models/churn:pull,push",
    }
    assert request.headers["Authorization"].startswith("Basic ")


def test_an_identity_token_is_exchanged(connect: Connect, server: MemoryRegistry) -> None:
    forms: list[bytes] = []

    def guard(request: httpx.Request) -> httpx.Response | None:
        if request.url.host == "auth.example.com":
            forms.append(request.content)
            return httpx.Response(200, json={"access_token": "tok"})
        if request.headers.get("Authorization") == "Bearer tok":
            return None
        return httpx.Response(401, headers={"WWW-Authenticate": f'Bearer realm="{TOKENS}"'})

    server.faults.append(guard)
    connect(credentials=Credentials("<token>", "idt")).tags()
    assert b"grant_type=refresh_token" in forms[0]
    assert b"refresh_token=idt" in forms[0]


def test_wrong_credentials_are_denied_with_the_remedy(connect: Connect, server: MemoryRegistry) -> None:
    server.faults.append(lambda _: httpx.Response(401, headers={"WWW-Authenticate": 'Basic realm="x"'}))
    with pytest.raises(Denied, match="log in with docker login, or set HYTHE_REGISTRY_USER"):
        connect(credentials=ANA).tags()


def test_credentials_are_not_sent_where_a_blob_is_redirected_to(
    connect: Connect, server: MemoryRegistry
) -> None:
    seen: list[str | None] = []
    content = b"blob"

    def elsewhere(request: httpx.Request) -> httpx.Response | None:
        if request.url.host == "storage.example.com":
            seen.append(request.headers.get("Authorization"))
            return httpx.Response(200, content=content)
        if "Authorization" not in request.headers:
            return httpx.Response(401, headers={"WWW-Authenticate": 'Basic realm="x"'})
        return httpx.Response(307, headers={"Location": "https://storage.example.com/b"})

    server.faults.append(elsewhere)
    client = connect(credentials=ANA)
    assert client.ask("GET", client.url(f"blobs/{digest_of(content)}")).content == content
    assert seen == [None]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_fault_is_tried_again_with_longer_waits(
    connect: Connect, server: MemoryRegistry, waits: list[float], status: int
) -> None:
    server.faults.append(times(3, lambda _: httpx.Response(status)))
    assert connect().tags() == []
    assert waits == [0.5, 1.0, 2.0]


@pytest.mark.parametrize(
    ("said", "wait_s"), [("7", 7.0), ("Thu, 01 Jan 2026 00:00:03 GMT", 3.0), ("99999", 30.0), ("soon", 0.5)]
)
def test_the_registrys_own_wish_to_wait_is_kept(
    connect: Connect, server: MemoryRegistry, waits: list[float], said: str, wait_s: float
) -> None:
    server.faults.append(times(1, lambda _: httpx.Response(429, headers={"Retry-After": said})))
    connect().tags()
    assert waits == [wait_s]


def test_a_fault_that_stays_is_said_after_five_tries(
    connect: Connect, server: MemoryRegistry, waits: list[float]
) -> None:
    def refused(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    server.faults.append(refused)
    with pytest.raises(Unavailable, match=r"registry\.example\.com does not answer \(connection refused\)"):
        connect().tags()
    assert len(waits) == 4


def test_plain_http_is_spoken_with_this_machine_only(connect: Connect, server: MemoryRegistry) -> None:
    assert connect("oci://127.0.0.1:5000/x").url("a") == "http://127.0.0.1:5000/v2/x/a"
    assert connect().url("a").startswith("https://")
    assert connect(plain_http=True).url("a").startswith("http://")
    server.faults.append(lambda _: httpx.Response(307, headers={"Location": "http://127.0.0.1/secret"}))
    with pytest.raises(Denied, match="is asked over plain HTTP"):
        connect().tags()


def test_a_manifest_that_arrives_otherwise_is_corrupt(connect: Connect, server: MemoryRegistry) -> None:
    server.manifests["sha256:" + "0" * 64] = ("application/json", b"{}")
    with pytest.raises(Corrupt, match=f"arrived as {digest_of(b'{}')} where sha256:000"):
        connect().get_manifest("sha256:" + "0" * 64)


def test_all_pages_of_tags_are_read(connect: Connect, server: MemoryRegistry) -> None:
    server.tags = dict.fromkeys(["1.0.0", "1.1.0", "latest", "sha256-x", "z"], "sha256:" + "0" * 64)
    assert connect().tags() == ["1.0.0", "1.1.0", "latest", "sha256-x", "z"]


def test_what_the_registry_says_is_passed_on(connect: Connect, server: MemoryRegistry) -> None:
    with pytest.raises(NotFound, match="404 manifest unknown"):
        connect().get_manifest("1.0.0")
    server.faults.append(lambda _: httpx.Response(400, json={"errors": [{"code": "NAME_INVALID"}]}))
    with pytest.raises(Invalid, match="400 NAME_INVALID"):
        connect().get_manifest("1.0.0")


def test_an_endless_answer_is_cut_off(connect: Connect, server: MemoryRegistry) -> None:
    server.faults.append(lambda _: httpx.Response(200, content=bytes((4 << 20) + 1)))
    with pytest.raises(Invalid, match="answers more than 4194304 bytes"):
        connect().get_manifest("1.0.0")
