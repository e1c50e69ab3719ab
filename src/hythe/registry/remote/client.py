"""One repository of an OCI registry over HTTP: authentication, retries, and errors in Hythe's words."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager

import httpx

from hythe.base.clock import Clock, SystemClock
from hythe.base.errors import Corrupt, Denied, HytheError, Invalid, NotFound, Unavailable
from hythe.bundle.descriptor import OCI_INDEX, OCI_MANIFEST, Descriptor
from hythe.bundle.digests import check_data, digest_of, is_digest
from hythe.registry.remote.challenge import Challenge, basic, parse_challenge
from hythe.registry.remote.credentials import PASSWORD_VARIABLE, USER_VARIABLE, Credentials
from hythe.registry.remote.reference import RemoteRef, is_loopback
from hythe.registry.remote.retry import AGAIN, Backoff, Passing

_LONGEST_ANSWER = 4 << 20
_OF_THE_BODY = frozenset({"content-encoding", "content-length", "transfer-encoding"})
_MANIFESTS = f"{OCI_MANIFEST}, {OCI_INDEX}"
_UNAUTHORISED = 401
_NOT_FOUND = 404


class RegistryClient:
    """Speaks to the repository of `ref`.

    Plain HTTP is spoken with this machine, and elsewhere only when `plain_http` says so. `sleep` waits
    between tries.
    """

    def __init__(
        self,
        ref: RemoteRef,
        credentials: Credentials | None = None,
        *,
        plain_http: bool = False,
        backoff: Backoff | None = None,
        clock: Clock | None = None,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.ref = ref
        self.backoff = backoff or Backoff()
        self._sleep = sleep
        self._clock = clock or SystemClock()
        self._credentials = credentials
        self._plain_http = plain_http
        self._base = f"{'http' if plain_http or is_loopback(ref.host) else 'https'}://{ref.host}"
        self._authorization: str | None = None
        local = is_loopback(ref.host)
        self._http = httpx.Client(
            # Reading the system's certificates takes 25 ms, and loopback needs none.
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if local else True,
            timeout=httpx.Timeout(60.0, connect=10.0),
            follow_redirects=True,
            trust_env=not local,
            transport=transport,
            event_hooks={"request": [self._refuse_plain]},
            headers={"Accept-Encoding": "identity", "User-Agent": "hythe"},
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def url(self, rest: str) -> str:
        """Give the URL of `rest` in this repository, for example `blobs/sha256:…`."""
        return f"{self._base}/v2/{self.ref.path}/{rest}"

    def absolute(self, location: str) -> str:
        """Give the URL that a `Location` header means."""
        return str(httpx.URL(self._base).join(location))

    def get_manifest(self, reference: str) -> bytes:
        """Fetch a manifest or index by tag or digest, and check its digest; raises `NotFound`."""
        response = self.ask("GET", self.url(f"manifests/{reference}"), {"Accept": _MANIFESTS})
        raw = response.content
        found = digest_of(raw)
        said = response.headers.get("Docker-Content-Digest", found)
        for expected in (reference if is_digest(reference) else found, said):
            if expected.startswith("sha256:") and expected != found:
                raise Corrupt(
                    f"the manifest {reference} of {self.ref} arrived as {found} where {expected} is expected;"
                    " try again, and ask the registry's keeper when it happens twice"
                )
        return raw

    def put_manifest(self, reference: str, raw: bytes, media_type: str = OCI_MANIFEST) -> bool:
        """Store a manifest or index; tell whether the registry itself lists it under its subject."""
        url = self.url(f"manifests/{reference}")
        response = self.ask("PUT", url, {"Content-Type": media_type}, content=raw)
        said = response.headers.get("Docker-Content-Digest", "")
        if said.startswith("sha256:") and said != digest_of(raw):
            raise Corrupt(f"{self.ref} stored {said} where {digest_of(raw)} was sent; push again")
        return "OCI-Subject" in response.headers

    def digest_at(self, reference: str) -> str | None:
        """Tell the digest that a tag stands for, or None for an unknown tag."""
        try:
            response = self.ask("HEAD", self.url(f"manifests/{reference}"), {"Accept": _MANIFESTS})
        except NotFound:
            return None
        said = response.headers.get("Docker-Content-Digest", "")
        return said if is_digest(said) else digest_of(self.get_manifest(reference))

    def get_blob(self, blob: Descriptor) -> bytes:
        """Fetch a small blob into memory, checked; raises `Corrupt` when it arrives otherwise."""
        content = self.ask("GET", self.url(f"blobs/{blob.digest}")).content
        return check_data(content, blob.digest, blob.size, f"blob {blob.digest} of {self.ref}")

    def has_blob(self, digest: str) -> bool:
        """Tell whether the repository holds a blob."""
        try:
            self.ask("HEAD", self.url(f"blobs/{digest}"))
        except NotFound:
            return False
        return True

    def tags(self) -> list[str]:
        """List all tags of the repository; empty for an unknown repository."""
        found: list[str] = []
        url: str | None = self.url("tags/list")
        while url is not None:
            try:
                response = self.ask("GET", url)
            except NotFound:
                break
            found += response.json().get("tags") or []
            following = response.links.get("next", {}).get("url")
            url = self.absolute(following) if following else None
        return found

    def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """Send a request, again after passing faults; give the answer, read, when it is a success."""
        failures = 0
        while True:
            try:
                with self.stream(method, url, headers, content) as response:
                    return self._whole(response)
            except Passing as err:
                failures += 1
                self.wait(failures, err)

    def wait(self, failures: int, fault: Passing) -> None:
        """Wait before the next try, or raise `fault` after so many failures in a row."""
        if failures >= self.backoff.attempts:
            raise fault
        self._sleep(self.backoff.wait_s(failures, fault.retry_after, self._clock.now))

    @contextmanager
    def stream(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | Iterable[bytes] | None = None,
    ) -> Iterator[httpx.Response]:
        """Send a request once and give the unread answer when it is a success.

        Raises `Passing` for faults that may pass, also while the block reads the answer.
        """
        try:
            request = self._http.build_request(method, url, headers=dict(headers or {}), content=content)
            response = self._authorised(request)
            with closing(response):
                if not response.is_success:
                    raise self._fault(self._whole(response))
                yield response
        except httpx.TransportError as err:
            raise Passing(f"{self.ref.host} does not answer ({str(err) or type(err).__name__})") from err
        except (httpx.HTTPError, httpx.InvalidURL) as err:
            raise Unavailable(f"{self.ref.host} cannot be followed ({err}); ask its keeper") from err

    def _whole(self, response: httpx.Response) -> httpx.Response:
        """Read an answer that is meant to be short, and no more than that."""
        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            if len(body) > _LONGEST_ANSWER:
                raise Invalid(f"{self.ref.host} answers more than {_LONGEST_ANSWER} bytes; ask its keeper")
        headers = {key: value for key, value in response.headers.items() if key not in _OF_THE_BODY}
        return httpx.Response(
            response.status_code, headers=headers, content=bytes(body), request=response.request
        )

    def _authorised(self, request: httpx.Request) -> httpx.Response:
        ours = request.url.netloc == httpx.URL(self._base).netloc
        if ours and self._authorization:
            request.headers["Authorization"] = self._authorization
        response = self._http.send(request, stream=True)
        if not ours or response.status_code != _UNAUTHORISED or response.history:
            return response
        with closing(response):
            response = self._whole(response)
        answer = self._answer(parse_challenge(response.headers.get("WWW-Authenticate", "")))
        if answer is None or answer == self._authorization:
            return response
        self._authorization = request.headers["Authorization"] = answer
        return self._http.send(request, stream=True)

    def _answer(self, challenge: Challenge) -> str | None:
        if challenge.scheme == "basic" and self._credentials:
            return basic(self._credentials)
        if challenge.scheme == "bearer" and "realm" in challenge.parameters:
            return "Bearer " + self._token(challenge.parameters)
        return None

    def _token(self, parameters: Mapping[str, str]) -> str:
        """Fetch a token (Docker's token protocol, or OAuth2 for an identity token)."""
        query = {key: parameters[key] for key in ("service", "scope") if key in parameters}
        if self._credentials and self._credentials.is_token:
            form = {**query, "grant_type": "refresh_token", "client_id": "hythe"}
            form["refresh_token"] = self._credentials.password
            response = self._http.post(parameters["realm"], data=form)
        else:
            headers = {"Authorization": basic(self._credentials)} if self._credentials else {}
            realm = httpx.URL(parameters["realm"]).copy_merge_params(query)
            response = self._http.get(realm, headers=headers)
        if not response.is_success:
            raise self._fault(response)
        try:
            found = response.json()
            return str(found.get("token") or found["access_token"])
        except (ValueError, KeyError, AttributeError) as err:
            raise Unavailable(f"the token server of {self.ref.host} gave no token; ask its keeper") from err

    def _refuse_plain(self, request: httpx.Request) -> None:
        netloc = request.url.netloc.decode()
        allowed = self._plain_http or (is_loopback(self.ref.host) and is_loopback(netloc))
        if request.url.scheme != "https" and not allowed:
            raise Denied(f"{netloc} is asked over plain HTTP; use https, or allow it with plain_http")

    def _fault(self, response: httpx.Response) -> HytheError:
        status, request = response.status_code, response.request
        what = f"{request.method} {request.url.copy_with(query=None)}: {status} {_said(response)}"
        if status in AGAIN:
            return Passing(f"{what}; try again later", response.headers.get("Retry-After"))
        if status in {401, 403}:
            return Denied(f"{what}; log in with docker login, or set {USER_VARIABLE} and {PASSWORD_VARIABLE}")
        if status == _NOT_FOUND:
            return NotFound(f"{what}; see that the path, the tag and your rights are right")
        return Invalid(f"{what}; the registry refuses this, see its log")


def _said(response: httpx.Response) -> str:
    try:
        errors = response.json()["errors"]
        return "; ".join(str(error.get("message") or error["code"]) for error in errors)
    except (ValueError, KeyError, TypeError, AttributeError):
        return response.reason_phrase
