"""An OCI registry in memory, reached through an httpx transport, with faults on request.

It keeps to the distribution specification 1.1: blobs, chunked uploads, manifests, tags, and the referrers
API when `lists_referrers` is set. `faults` holds functions that see each request first and may answer it,
or raise, in the registry's place.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable

import httpx

from hythe.bundle.digests import digest_of

Fault = Callable[[httpx.Request], httpx.Response | None]


class MemoryRegistry:
    """One registry; give `transport` to a `RegistryClient`."""

    def __init__(self, *, lists_referrers: bool = False) -> None:
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, tuple[str, bytes]] = {}
        self.tags: dict[str, str] = {}
        self.uploads: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.faults: list[Fault] = []
        self.lists_referrers = lists_referrers
        self._ids = itertools.count()

    @property
    def transport(self) -> httpx.MockTransport:
        """Give the way to this registry."""
        return httpx.MockTransport(self._handle)

    def asked(self, method: str) -> int:
        """Count the requests of a method."""
        return sum(request.startswith(f"{method} ") for request in self.requests)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(f"{request.method} {request.url.path}")
        for fault in list(self.faults):
            answer = fault(request)
            if answer is not None:
                return answer
        found = re.fullmatch(r"/v2/(?:.+?)/(blobs|manifests|tags|referrers)/(.*)", request.url.path)
        if found is None:
            return httpx.Response(404)
        kind, rest = found.groups()
        handlers = {"blobs": self._blob, "manifests": self._manifest, "tags": self._tags}
        return handlers.get(kind, self._referrers)(request, rest)

    def _blob(self, request: httpx.Request, rest: str) -> httpx.Response:
        if rest.startswith("uploads/"):
            return self._upload(request, rest.removeprefix("uploads/"))
        content = self.blobs.get(rest)
        if content is None:
            return _error(404, "BLOB_UNKNOWN", "blob unknown to registry")
        ranged = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        if ranged is None:
            return httpx.Response(200, content=content)
        start = int(ranged[1])
        said = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        return httpx.Response(206, content=content[start:], headers=said)

    def _upload(self, request: httpx.Request, upload: str) -> httpx.Response:
        if request.method == "POST":
            upload = str(next(self._ids))
            self.uploads[upload] = b""
            return self._accepted(request, upload, 202)
        if upload not in self.uploads:
            return _error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        if request.method == "GET":
            return self._accepted(request, upload, 204)
        start = request.headers.get("Content-Range", "").partition("-")[0]
        if start and int(start) != len(self.uploads[upload]):
            return _error(416, "RANGE_INVALID", "invalid content range")
        self.uploads[upload] += request.content
        return (
            self._accepted(request, upload, 202)
            if request.method == "PATCH"
            else self._closed(request, upload)
        )

    def _closed(self, request: httpx.Request, upload: str) -> httpx.Response:
        content, digest = self.uploads.pop(upload), request.url.params["digest"]
        if digest_of(content) != digest:
            return _error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        self.blobs[digest] = content
        return httpx.Response(201, headers={"Docker-Content-Digest": digest})

    def _accepted(self, request: httpx.Request, upload: str, status: int) -> httpx.Response:
        base = request.url.path.partition("/blobs/")[0]
        arrived = max(len(self.uploads[upload]) - 1, 0)
        headers = {"Location": f"{base}/blobs/uploads/{upload}?state=x", "Range": f"0-{arrived}"}
        return httpx.Response(status, headers=headers)

    def _manifest(self, request: httpx.Request, reference: str) -> httpx.Response:
        if request.method == "PUT":
            digest = digest_of(request.content)
            self.manifests[digest] = (request.headers["Content-Type"], request.content)
            if not reference.startswith("sha256:"):
                self.tags[reference] = digest
            headers = {"Docker-Content-Digest": digest}
            if self.lists_referrers and (subject := json.loads(request.content).get("subject")):
                headers["OCI-Subject"] = subject["digest"]
            return httpx.Response(201, headers=headers)
        digest = self.tags.get(reference, reference)
        if digest not in self.manifests:
            return _error(404, "MANIFEST_UNKNOWN", "manifest unknown")
        media_type, content = self.manifests[digest]
        headers = {"Content-Type": media_type, "Docker-Content-Digest": digest}
        return httpx.Response(200, content=content, headers=headers)

    def _tags(self, request: httpx.Request, _rest: str) -> httpx.Response:
        """List two tags a page."""
        names = sorted(self.tags)
        start = names.index(request.url.params["last"]) + 1 if "last" in request.url.params else 0
        page = names[start : start + 2]
        more = start + 2 < len(names)
        headers = {"Link": f'<{request.url.path}?n=2&last={page[-1]}>; rel="next"'} if more else {}
        return httpx.Response(200, json={"name": "x", "tags": page}, headers=headers)

    def _referrers(self, _request: httpx.Request, subject: str) -> httpx.Response:
        if not self.lists_referrers:
            return httpx.Response(404, text="404 page not found")
        listed = []
        for digest, (media_type, content) in self.manifests.items():
            fields = json.loads(content)
            if fields.get("subject", {}).get("digest") == subject:
                entry = {"mediaType": media_type, "digest": digest, "size": len(content)}
                shown = {key: fields[key] for key in ("artifactType", "annotations") if key in fields}
                listed.append({**entry, **shown})
        return httpx.Response(200, json={"schemaVersion": 2, "manifests": listed})


def _error(status: int, code: str, message: str) -> httpx.Response:
    return httpx.Response(status, json={"errors": [{"code": code, "message": message}]})
