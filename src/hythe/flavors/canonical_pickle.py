"""Pickles whose bytes depend on the object alone: not on the hash seed, the day, or who shares what.

The form is cloudpickle's, protocol 5, written by the standard library's pure Python pickler, because only
that one can be told how to write sets and strings. What differs between two ordinary pickles of one model,
and what is done about it here:

- sets iterate by hash seed: their items are written in the order of their own canonical pickles;
- equal strings, bytes, tuples and dtypes may be one object or two: they are written once, then referred to;
- cloudpickle gives each class a random tracking id, and functions the path of their file: both are left out;
- structured arrays may have padding that nobody wrote: it is zeroed;
- search trees count their queries, sparse matrices and vectorisers note what they found out, and random
  states remember the entropy they began with, which no draw uses again: all are reset.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePath
from types import CodeType
from typing import Any, ClassVar, Protocol

import numpy as np

from hythe.base.errors import Unsupported
from hythe.bundle.rows import Array
from hythe.security.globals import Use
from hythe.security.pickles import Walk
from hythe.security.stand_ins import Global

PROTOCOL = 5
_DEPTH = 60_000
_LONG = 256
_SCALARS = {str, int, float, bool, type(None)}
_SEARCH_TREES = {"sklearn.neighbors._kd_tree", "sklearn.neighbors._ball_tree"}
TRANSIENT = frozenset(
    {"_stop_words_id", "_has_canonical_format", "_has_sorted_indices", "_deprecated_key_to_warnings"}
)
"""Attributes that scikit-learn and scipy find again: an address, and what a first look found."""
SEARCH_COUNTERS = slice(7, 11)
"""Where the state of scikit-learn's KDTree and BallTree counts trims, leaves, splits and calls."""


def dumps(model: object) -> bytes:
    """Pickle `model` so that equal models give equal bytes in every process.

    Raises:
        Unsupported: when a part of the model cannot be pickled; the message names it.

    """
    out = io.BytesIO()
    _dump(model, out)
    return out.getvalue()


def _dump(model: object, out: _Writable) -> None:
    try:
        with _deep_recursion():
            _Canonical(out).dump(model)
    except (pickle.PicklingError, TypeError, AttributeError, ValueError, RecursionError) as err:
        message = f"{type(model).__qualname__} cannot be pickled: {err}; remove that part before packing"
        raise Unsupported(message) from err


class _Writable(Protocol):
    def write(self, data: bytes, /) -> Any: ...


class _Digest:
    """A file that keeps only the digest of what is written."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def write(self, data: bytes, /) -> None:
        self._digest.update(data)

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


def fingerprint(model: object) -> str:
    """Digest of the canonical pickle, without holding it: equal for models that are equal in every part.

    Raises:
        Unsupported: when a part of the model cannot be pickled.

    """
    out = _Digest()
    _dump(model, out)
    return out.hexdigest()


def globals_of(data: bytes) -> tuple[tuple[str, str], ...]:
    """Name the module and name of each global that a pickle would import, without loading it."""
    walk = _Names(io.BytesIO(data), lambda _module, _name: Use.CALL)
    walk.walk()
    return tuple(walk.found)


class _Names(Walk):
    """A walk that only takes down names."""

    found: dict[tuple[str, str], None]

    def find_class(self, module: str, name: str) -> Global:
        self.__dict__.setdefault("found", {})[module, name] = None
        return Global(module, name, Use.CALL)


def without_padding(values: Array) -> Array:
    """Copy a structured array field by field, so that the bytes between its fields are zero."""
    clean = np.zeros(values.shape, values.dtype)
    for name in values.dtype.names or ():
        clean[name] = values[name]
    return clean


@contextmanager
def _deep_recursion() -> Iterator[None]:
    """Let linked structures (Birch's leaves, bisecting trees) be walked; Python frames take no C stack."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _DEPTH))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


_BASE: Any = pickle._Pickler  # noqa: SLF001 - as below


class _Canonical(pickle._Pickler):  # noqa: SLF001 - the only pickler whose handling of sets can be replaced
    """cloudpickle's choices (what goes by value, and how) with canonical bytes."""

    dispatch: ClassVar[dict[type, Callable[..., None]]] = dict(pickle._Pickler.dispatch)  # noqa: SLF001 - as above

    _write_large_bytes: Callable[[bytes, bytes], None]

    def __init__(self, file: _Writable) -> None:
        import cloudpickle

        super().__init__(file, protocol=PROTOCOL)
        self._choices = cloudpickle.Pickler(io.BytesIO(), protocol=PROTOCOL)
        self.dispatch_table = cloudpickle.Pickler.dispatch_table
        self._first: dict[Any, Any] = {}

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        """Write `obj`, or a reference to the first object that is equal and of a kind without identity."""
        if type(obj) is str or (type(obj) is bytes and len(obj) < _LONG):
            obj = self._first.setdefault((type(obj), obj), obj)
        elif type(obj) is tuple and all(type(item) in _SCALARS for item in obj):
            obj = self._first.setdefault((tuple, repr(obj)), obj)
        elif isinstance(obj, np.dtype) and not obj.metadata:
            obj = self._first.setdefault((np.dtype, repr(obj)), obj)
        _BASE.save(self, obj, save_persistent_id)

    def reducer_override(self, obj: Any) -> Any:
        """Take cloudpickle's way to write `obj` and leave out what differs from process to process."""
        special = _special(obj)
        if special is not None:
            return special
        if type(obj) is CodeType:
            return self.dispatch_table[CodeType](obj.replace(co_filename=PurePath(obj.co_filename).name))
        return _anonymous(self._choices.reducer_override(obj))

    def _save_set(self, obj: set[Any] | frozenset[Any]) -> None:
        """Write a set as a call of its class on a sorted list."""
        ordered = [item for _, item in sorted((dumps(item), i, item)[::2] for i, item in enumerate(obj))]
        _BASE.save_reduce(self, type(obj), (ordered,), obj=obj)

    def _save_bytes(self, obj: bytes) -> None:
        """Write long bytes (the cells of an array) without keeping them alive until the end."""
        if len(obj) < _LONG:
            _BASE.save_bytes(self, obj)
        else:
            self._write_large_bytes(pickle.BINBYTES8 + struct.pack("<Q", len(obj)), obj)

    dispatch[bytes] = _save_bytes
    dispatch[set] = _save_set
    dispatch[frozenset] = _save_set


def _special(obj: Any) -> Any:
    """Reduce what holds more than the model (padding, counters, stamps, seeds, notes); else give None."""
    if isinstance(obj, np.ndarray):
        return _plain(obj).__reduce__()
    if type(obj).__module__ in _SEARCH_TREES:
        return _uncounted(obj.__reduce__())
    if type(obj).__module__ == "catboost.core" and "__model" in (reduced := obj.__reduce_ex__(PROTOCOL))[2]:
        return _unstamped(reduced)
    if type(obj) is np.random.MT19937:
        return _seedless(obj.__reduce__())
    if not isinstance(obj, type) and not TRANSIENT.isdisjoint(getattr(obj, "__dict__", ())):
        return _lasting(obj.__reduce_ex__(PROTOCOL))
    return None


def _plain(values: Array) -> Array:
    """Take an array out of its mapped file, and zero the padding of a structured one."""
    if isinstance(values, np.memmap):
        values = np.asarray(values)
    return without_padding(values) if values.dtype.names and type(values) is np.ndarray else values


def _uncounted(reduced: Any) -> Any:
    make, args, state = reduced[:3]
    kept = list(state)
    kept[SEARCH_COUNTERS] = [0] * 4
    return make, args, tuple(kept)


def _unstamped(reduced: Any) -> Any:
    from hythe.flavors.catboost import steady_bytes

    make, args, state, *rest = reduced
    return make, args, {**state, "__model": steady_bytes(state["__model"])}, *rest


def _seedless(reduced: Any) -> Any:
    make, args, state = reduced
    return make, args, (state[0], None) if isinstance(state, tuple) else state


def _lasting(reduced: Any) -> Any:
    make, args, state, *rest = reduced
    kept = {name: value for name, value in state.items() if name not in TRANSIENT}
    return make, args, kept or None, *rest


def _anonymous(reduced: Any) -> Any:
    """Drop the tracking id of a class, and the file of a function's module, from cloudpickle's reduction."""
    if not isinstance(reduced, tuple):
        return reduced
    maker = getattr(reduced[0], "__name__", "")
    if maker in {"_make_skeleton_class", "_make_skeleton_enum"}:
        *args, _, extra = reduced[1]
        return reduced[0], (*args, None, extra), *reduced[2:]
    if maker == "_make_function":
        reduced[1][1].pop("__file__", None)
        reduced[1][1].pop("__path__", None)
    return reduced
