"""From imported modules to the distributions that bring them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import packages_distributions

_PREFERRED = {"sklearn": "scikit-learn"}


def distributions(modules: Iterable[str]) -> tuple[str, ...]:
    """Name the distributions of top-level modules, sorted, without the standard library's and unknown ones.

    >>> distributions({"numpy.random", "json"})
    ('numpy',)
    """
    found = set()
    for module in modules:
        root = module.partition(".")[0]
        owners = _owners().get(root, ())
        if root in _PREFERRED and _PREFERRED[root] in owners:
            found.add(_PREFERRED[root])
        elif owners and root not in sys.stdlib_module_names:
            found.add(min(owners))
    return tuple(sorted(found))


@lru_cache(maxsize=1)
def _owners() -> dict[str, list[str]]:
    return dict(packages_distributions())
