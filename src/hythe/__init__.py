"""Hythe: where models land.

>>> import hythe
>>> hythe.pack(pipeline, "churn", examples=X_test, targets=y_test)  # doctest: +SKIP
churn:1.0.0
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hythe.base.version import VERSION

if TYPE_CHECKING:
    from hythe.app.api import check as check
    from hythe.app.api import home as home
    from hythe.app.api import load as load
    from hythe.app.api import pack as pack
    from hythe.app.api import registry as registry
    from hythe.client import AsyncClient as AsyncClient
    from hythe.client import Client as Client

__version__ = VERSION
__all__ = ["AsyncClient", "Client", "__version__", "check", "home", "load", "pack", "registry"]


def __getattr__(name: str) -> Any:
    """Import what is asked for, and nothing before: `import hythe` stays quick."""
    if name in __all__:
        module = "hythe.client" if name.endswith("Client") else "hythe.app.api"
        return getattr(import_module(module), name)
    message = f"module 'hythe' has no attribute {name!r}"
    raise AttributeError(message)
