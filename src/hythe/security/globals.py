"""Which globals a pickle may name, and what it may do with each.

A prefix is not enough to allow something: `sklearn.os.system` begins well, and `scipy.stats` has classes
whose `__setstate__` runs `exec` on their own state. So every name is either listed here, or found by a flavor
to be one of its framework's classes.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import TypeAlias

import numpy as np


class Use(IntEnum):
    """What a pickle may do with a global; each grant includes those before it."""

    REFUSED = 0
    """Nothing: the file is refused."""
    HOLD = 1
    """Keep it as a value: a metric, a ufunc, a dtype's class."""
    MAKE = 2
    """Make an instance by `__new__` and give it a state: an estimator."""
    CALL = 3
    """Call it with any arguments."""


Allow: TypeAlias = Callable[[str, str], Use]
"""Module and name to what may be done with it; dotted names are refused before this is asked."""

_STANDARD: dict[Use, dict[str, str]] = {
    Use.CALL: {
        "builtins": "bool bytearray bytes complex dict float frozenset int list object set slice str tuple",
        "collections": "Counter OrderedDict defaultdict deque",
        "copyreg": "_reconstructor",
        "datetime": "date datetime time timedelta timezone",
        "decimal": "Decimal",
        "fractions": "Fraction",
        "uuid": "UUID",
        "_codecs": "encode",
        "numpy": "dtype",
        "numpy._core.multiarray": "_reconstruct scalar",
        "numpy._core.numeric": "_frombuffer",
        "numpy.ma.core": "_mareconstruct",
        "numpy.random._pickle": "__bit_generator_ctor __generator_ctor __randomstate_ctor",
        "numpy.random.bit_generator": "__pyx_unpickle_SeedSequence",
    },
    Use.MAKE: {
        "scipy.interpolate._bsplines": "BSpline",
        **{
            f"scipy.sparse._{kind}": f"{kind}_matrix {kind}_array"
            for kind in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")
        },
    },
    Use.HOLD: {
        "numpy": "ndarray matrix mean median max min amax amin sum",
        "numpy.ma": "MaskedArray",
        "numpy.ma.core": "MaskedArray",
        "numpy.random._mt19937": "MT19937",
        "numpy.random._pcg64": "PCG64 PCG64DXSM",
        "numpy.random._philox": "Philox",
        "numpy.random._sfc64": "SFC64",
        "numpy.random.bit_generator": "SeedSequence",
        "scipy._lib.array_api_compat.numpy._aliases": "asarray",
    },
}
_LISTED: dict[tuple[str, str], Use] = {
    (module, name): use
    for use, modules in _STANDARD.items()
    for module, names in modules.items()
    for name in names.split()
}
_UFUNC_MODULES = {"numpy", "numpy._core._multiarray_umath"}
_SCIPY_UFUNC_MODULES = {"scipy.special", "scipy.special._ufuncs"}


def standard(module: str, name: str) -> Use:
    """Judge the globals of the standard library, numpy and scipy that any model may contain.

    >>> standard("builtins", "dict").name, standard("builtins", "eval").name
    ('CALL', 'REFUSED')
    >>> standard("numpy", "float64").name, standard("numpy", "memmap").name
    ('HOLD', 'REFUSED')
    """
    module = module.replace("numpy.core.", "numpy._core.", 1)
    listed = _LISTED.get((module, name))
    if listed is not None:
        return listed
    if module in _UFUNC_MODULES:
        found = getattr(np, name, None)
        harmless = isinstance(found, np.ufunc) or (isinstance(found, type) and issubclass(found, np.generic))
        return Use.HOLD if harmless else Use.REFUSED
    if module in _SCIPY_UFUNC_MODULES:
        from scipy import special

        return Use.HOLD if isinstance(getattr(special, name, None), np.ufunc) else Use.REFUSED
    return Use.REFUSED
