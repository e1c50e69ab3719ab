"""Who asks the control plane: the keys and tokens of servers, and whoever is on this machine."""

from __future__ import annotations

from urllib.parse import urlsplit

from hythe.base.clock import Clock, SystemClock
from hythe.base.errors import Denied
from hythe.base.network import is_loopback
from hythe.dataplane.ask import Caller
from hythe.dataplane.gate import Gate, TokenHolder
from hythe.operations.issuers import Issuers
from hythe.operations.keys import key_entries
from hythe.registry.catalog import Catalog
from hythe.runtime import limiter
from hythe.runtime.limiter import Limiter
from hythe.security.tokens import Issuer

_KEYS_S = 1.0
_ISSUERS_S = 300.0
_LOCAL = Caller()


class Callers:
    """Knows who may ask, by the keys that stand in the catalog and by `issuers`.

    With `anonymous`, whoever shows nothing and is on this machine may do everything, as a command could.
    Rates and quotas of keys hold, and are counted apart from those of servers.
    """

    def __init__(
        self,
        catalog: Catalog,
        issuers: Issuers,
        *,
        actor: str,
        anonymous: bool,
        clock: Clock | None = None,
    ) -> None:
        self._catalog = catalog
        self._issuers = issuers
        self._actor = actor
        self._anonymous = anonymous
        self._clock = clock or SystemClock()
        self._gate = Gate(Limiter(limiter.create(1), 0))
        self._names: dict[str, str] = {}
        self._known_issuers: tuple[Issuer, ...] = ()
        self._keys_at = self._issuers_at = float("-inf")

    def let_in(self, authorization: str | None, host: str, origin: str | None) -> Caller:
        """Tell who shows `authorization` to the server that they call `host`; `origin` is a page's.

        Raises:
            Denied: when a web page asks for somebody who has not shown anything.
            Unauthenticated: when the key or token is not valid, or one is missing.
            Unavailable: when the catalog is gone.

        """
        if authorization is None and self._anonymous:
            _check_local(host, origin)
            return _LOCAL
        self._refresh()
        return self._gate.identify(authorization)

    def admit(self, caller: Caller, endpoint: str, verb: str) -> None:
        """See whether the caller may do this now; raises Denied or Busy."""
        if caller is not _LOCAL:
            self._gate.admit(caller, endpoint, verb)

    def actor(self, caller: Caller) -> str:
        """Name the caller for the change log."""
        if caller is _LOCAL:
            return self._actor
        if isinstance(caller, TokenHolder):
            return caller.name
        name = self._names.get(caller.name, "")
        return f"{name} (key {caller.name})" if name else f"key {caller.name}"

    def _refresh(self) -> None:
        """Look for other keys each second, and for other public keys of issuers now and then."""
        now_s = self._clock.monotonic_s()
        if now_s < self._keys_at + _KEYS_S:
            return
        if now_s >= self._issuers_at + _ISSUERS_S:
            self._known_issuers, self._issuers_at = self._issuers.refresh(), now_s
        keys = key_entries(self._catalog, self._clock)
        self._names = {entry.id: entry.name for entry in keys}
        self._gate.update(keys, self._known_issuers)
        self._keys_at = now_s


def _check_local(host: str, origin: str | None) -> None:
    """See that no web page asks in the name of whoever looks at it.

    A page of another site says its origin, and one whose name was made to lead here (DNS rebinding) calls
    the server by that name.
    """
    if not is_loopback(urlsplit(f"//{host}").hostname or ""):
        raise Denied(f"the server was called {host!r}; without a key, call it localhost or by its address")
    if origin is not None and urlsplit(origin).netloc != host:
        raise Denied(f"a page of {origin} may not ask without a key; make one with: hythe key create")
