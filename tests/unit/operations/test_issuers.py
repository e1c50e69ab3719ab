"""Public keys are fetched from where they may be fetched, within bounds, and the last good ones stay."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import msgspec
import pytest
from joserfc.jwk import ECKey

from hythe.base.errors import Corrupt, HytheError, Invalid, Unavailable
from hythe.operations.issuers import Issuers, fetch_jwks
from hythe.security.tokens import Issuer

JWKS = json.dumps({"keys": [ECKey.generate_key("P-256", {"kid": "ec"}).as_dict(private=False)]}).encode()
Serve = Callable[[dict[str, bytes]], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Answer paths with bytes, on a free port of this machine."""
    pages: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages.get(self.path)
            self.send_response(404 if page is None else 200)
            self.end_headers()
            self.wfile.write(page or b"")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()

        def start(found: dict[str, bytes]) -> str:
            url = f"http://127.0.0.1:{server.server_port}"
            pages.update({path: page.replace(b"HERE", url.encode()) for path, page in found.items()})
            return url

        yield start
        server.shutdown()
        thread.join(timeout=10)


def issuer(jwks_from: str = "", url: str = "https://issuer.example") -> Issuer:
    return Issuer(url=url, audience="hythe", jwks_from=jwks_from)


def test_keys_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    with pytest.raises(Unavailable, match="see 'jwks_from'"):
        fetch_jwks(issuer(str(file)))
    file.write_bytes(JWKS)
    assert fetch_jwks(issuer(str(file))) == JWKS


def test_keys_come_from_a_url(serve: Serve) -> None:
    url = serve({"/jwks": JWKS})
    assert fetch_jwks(issuer(f"{url}/jwks")) == JWKS
    with pytest.raises(Unavailable, match="404"):
        fetch_jwks(issuer(f"{url}/other"))


def test_the_issuer_itself_says_where_its_keys_are(serve: Serve) -> None:
    described = b'{"issuer": "HERE", "jwks_uri": "HERE/jwks"}'
    url = serve({"/.well-known/openid-configuration": described, "/jwks": JWKS})
    assert fetch_jwks(issuer(url=url)) == JWKS


@pytest.mark.parametrize(
    "described", [b"<html>", b"{}", b'{"issuer": "https://x.example", "jwks_uri": "HERE/jwks"}']
)
def test_a_description_that_is_not_the_issuers_own_is_refused(serve: Serve, described: bytes) -> None:
    url = serve({"/.well-known/openid-configuration": described, "/jwks": JWKS})
    with pytest.raises(Corrupt, match="set 'jwks_from'"):
        fetch_jwks(issuer(url=url))


def test_a_description_cannot_point_at_a_file(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "jwks").write_bytes(JWKS)
    described = json.dumps({"issuer": "HERE", "jwks_uri": str(tmp_path / "jwks")}).encode()
    url = serve({"/.well-known/openid-configuration": described})
    with pytest.raises(Invalid, match="use https"):
        fetch_jwks(issuer(url=url))


@pytest.mark.parametrize("url", ["http://issuer.example/jwks", "ftp://127.0.0.1/jwks", "file:///etc/passwd"])
def test_only_https_or_this_machine_is_asked(url: str) -> None:
    with pytest.raises(Invalid, match="use https"):
        fetch_jwks(issuer(url))


def test_an_endless_document_is_cut_off(serve: Serve) -> None:
    url = serve({"/jwks": b" " * (2**20 + 1)})
    with pytest.raises(Unavailable, match="too much"):
        fetch_jwks(issuer(f"{url}/jwks"))


def test_the_last_good_keys_stay_when_the_issuer_fails() -> None:
    answers: list[bytes | HytheError] = [
        Unavailable("away"), JWKS, Unavailable("away"), b"no keys", JWKS.replace(b'"ec"', b'"newer"'),
    ]  # fmt: skip

    def fetch(_: Issuer) -> bytes:
        answer = answers.pop(0)
        if isinstance(answer, HytheError):
            raise answer
        return answer

    known = Issuers([issuer("x")], fetch)
    seen = [known.refresh() for _ in range(5)]
    good = msgspec.structs.replace(issuer("x"), jwks=JWKS)
    assert seen[:4] == [(), (good,), (good,), (good,)]
    assert b'"newer"' in seen[4][0].jwks
