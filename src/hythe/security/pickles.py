"""A pickle walked opcode by opcode: what it would import, make and call, without doing any of it.

The walk is the standard library's own pure Python unpickler (the class that joblib subclasses too) with a
dispatch table of its own: opcodes that move values run as they are, those that would import, call or
change an object are replaced by ones that note it. An opcode that is not in the table ends the walk. So the
walk cannot see another program than the loader does, which is how scanners with parsers of their own are
misled.
"""

from __future__ import annotations

import _compat_pickle
import pickle
import pickletools
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Protocol

from hythe.security.dtypes import Unsound, check_state, made_of
from hythe.security.globals import Allow, Use
from hythe.security.stand_ins import WRAPPER, Global, Mapping, Thing
from hythe.security.streams import TooLarge

_BYTEARRAY_LIMIT = 1 << 32
_KEPT = pickle._Unpickler.dispatch  # noqa: SLF001 - as the class below
_MOVING = {
    "PROTO", "FRAME", "STOP", "NONE", "NEWFALSE", "NEWTRUE", "INT", "BININT", "BININT1", "BININT2", "LONG",
    "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES",
    "SHORT_BINBYTES", "BINBYTES8", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "TUPLE",
    "EMPTY_TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_LIST", "LIST", "POP", "POP_MARK", "DUP", "GET",
    "BINGET", "LONG_BINGET", "PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE", "MARK", "GLOBAL", "STACK_GLOBAL",
    "INST", "OBJ", "PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4",
}  # fmt: skip
"""Opcodes that only move values, or come to `find_class`, `_instantiate` and the like, which are replaced."""


class Stream(Protocol):
    """What a pickle is read from."""

    def read(self, size: int = ..., /) -> bytes:
        """Read at most `size` bytes."""
        ...

    def readline(self) -> bytes:
        """Read one line."""
        ...


class Unreadable(Exception):
    """The stream is no pickle that any loader would finish."""


class Walk(pickle._Unpickler):  # noqa: SLF001 - the only unpickler whose opcodes can be replaced
    """One pickle of a stream; `refused` gathers what it must not do, each with its name.

    `arrays` says that joblib's interleaved arrays follow their wrappers; `persistent` that references to
    storages (torch's) are allowed. After `walk`, `stored` holds the persistent ids and `result` the value.
    """

    stack: list[Any]
    append: Callable[[Any], None]
    read: Callable[[int], bytes]
    proto: int
    fix_imports: bool
    pop_mark: Callable[[], list[Any]]
    _unframer: Any

    def __init__(
        self, stream: Stream, allow: Allow, *, arrays: bool = False, persistent: bool = False
    ) -> None:
        super().__init__(stream)
        self.refused: list[str] = []
        self.stored: list[Any] = []
        self.result: Any = None
        self._stream = stream
        self._allow = allow
        self._arrays = arrays
        self._persistent = persistent

    def walk(self) -> None:
        """Walk to the end of the pickle, leaving the stream just behind it.

        Raises:
            Unreadable: when a loader would fail on it, which tells nothing of what it did before.

        """
        try:
            self.result = self.load()
            self._check_end()
        except (pickle.UnpicklingError, Unsound, Unreadable) as err:
            raise Unreadable(str(err)) from err
        except TooLarge:
            raise
        except Exception as err:  # a broken pickle fails in as many ways as there are opcodes
            raise Unreadable(f"it is no whole pickle ({type(err).__name__}: {err})") from err

    def _check_end(self) -> None:
        frame = self._unframer.current_frame
        if frame is not None and frame.read(1):
            raise Unreadable("it has data behind its end")

    def find_class(self, module: str, name: str) -> Global:
        """Give a stand-in for a global; note it when it is not allowed."""
        if self.proto < 3 and self.fix_imports:  # noqa: PLR2004 - as pickle.py does
            if (module, name) in _compat_pickle.NAME_MAPPING:
                module, name = _compat_pickle.NAME_MAPPING[(module, name)]
            module = _compat_pickle.IMPORT_MAPPING.get(module, module)
        if (module, name) == WRAPPER:
            use = Use.MAKE if self._arrays else Use.REFUSED
        elif "." in name or not name.isidentifier():
            use = Use.REFUSED
        else:
            use = self._allow(module, name)
        if use == Use.REFUSED:
            self._refuse(f"{module}.{name}")
        return Global(module, name, use)

    def persistent_load(self, pid: Any) -> Thing:
        """Note a reference to something outside the pickle."""
        if not self._persistent:
            self._refuse(f"a reference to an object outside the file ({type(pid).__name__})")
        self.stored.append(pid)
        return Thing(None, (pid,))

    def get_extension(self, code: int) -> None:
        """Note a global named by a number, which only the registry of the loading process resolves."""
        self._refuse(f"the extension code {code}")
        self.append(Global("copyreg", f"extension {code}", Use.REFUSED))

    def _instantiate(self, klass: Any, args: Iterable[Any]) -> None:
        self.append(self._made(klass, tuple(args), Use.CALL))

    def _refuse(self, what: str) -> None:
        if what not in self.refused:
            self.refused.append(what)

    def _made(self, maker: Any, args: Any, needs: Use) -> Thing:
        if not isinstance(maker, Global):
            self._refuse(f"a call of {_word(maker)}")
        elif Use.REFUSED < maker.use < needs:
            self._refuse(f"a call of {maker.title}")
        elif maker.key == ("numpy", "dtype"):
            made_of(args)
        elif maker.key == ("copyreg", "_reconstructor"):
            self._check_reconstruction(args)
        return Thing(maker, args)

    def _check_reconstruction(self, args: Any) -> None:
        """Let `copyreg._reconstructor` make instances only by a builtin's `__new__`, and no array wrapper."""
        arguments = 3
        plain = isinstance(args, tuple) and len(args) == arguments and isinstance(args[0], Global)
        if not plain or args[0].key == WRAPPER or getattr(args[1], "module", "") != "builtins":
            self._refuse("an unusual use of copyreg._reconstructor")

    def _on_reduce(self) -> None:
        args = self.stack.pop()
        self.stack[-1] = self._made(self.stack[-1], args, Use.CALL)

    def _on_newobj(self) -> None:
        args = self.stack.pop()
        self.stack[-1] = self._made(self.stack[-1], args, Use.MAKE)

    def _on_newobj_ex(self) -> None:
        kwargs = self.stack.pop()
        args = self.stack.pop()
        self.stack[-1] = self._made(self.stack[-1], (*args, kwargs), Use.MAKE)

    def _on_build(self) -> None:
        state = self.stack.pop()
        made = self.stack[-1]
        if not isinstance(made, Thing):
            self._refuse(f"a change of {_word(made)}")
            return
        parts = state if isinstance(state, tuple) else (state,)
        for part in parts:
            if isinstance(part, Mapping) and any(k.startswith("__") and k.endswith("__") for k in part.known):
                self._refuse(f"a change of special attributes of {_word(made)}")
        if made.key == ("numpy", "dtype"):
            check_state(made, state)
        made.build(state)
        if self._arrays and made.key == WRAPPER:
            self.stack[-1] = self._interleaved(made)

    def _interleaved(self, wrapper: Thing) -> Thing:
        from hythe.security.joblib_arrays import skip_array

        inner = skip_array(wrapper, self._stream)
        if inner:
            walk = Walk(self._stream, self._allow)
            walk.walk()
            self.refused += [what for what in walk.refused if what not in self.refused]
        return Thing(None, ())

    def _grows(self, container: Any) -> None:
        if isinstance(container, Global):
            self._refuse(f"a change of {container.title}")

    def _on_append(self) -> None:
        self._extend([self.stack.pop()])

    def _on_appends(self) -> None:
        self._extend(self.pop_mark())

    def _extend(self, items: list[Any]) -> None:
        target = self.stack[-1]
        self._grows(target)
        if isinstance(target, list):
            target.extend(items)

    def _on_setitem(self) -> None:
        value = self.stack.pop()
        self._put([self.stack.pop(), value])

    def _on_setitems(self) -> None:
        self._put(self.pop_mark())

    def _put(self, items: list[Any]) -> None:
        target = self.stack[-1]
        self._grows(target)
        if len(items) % 2:
            raise Unreadable("it has a key without a value")
        if isinstance(target, Mapping):
            target.put(items)

    def _on_additems(self) -> None:
        self.pop_mark()
        self._grows(self.stack[-1])

    def _on_dict(self) -> None:
        made = Mapping()
        made.put(self.pop_mark())
        self.append(made)

    def _on_frozenset(self) -> None:
        self.pop_mark()
        self.append(Thing(None, ()))

    def _on_empty_dict(self) -> None:
        self.append(Mapping())

    def _on_empty_set(self) -> None:
        self.append(Thing(None, ()))

    def _on_bytearray8(self) -> None:
        size = int.from_bytes(self.read(8), "little")
        if size > _BYTEARRAY_LIMIT or len(self.read(size)) != size:
            raise Unreadable("it ends within a byte array")
        self.append(Thing(None, ()))

    dispatch: ClassVar[dict[int, Callable[..., None]]] = {
        **{ord(op.code): _KEPT[ord(op.code)] for op in pickletools.opcodes if op.name in _MOVING},
        pickle.REDUCE[0]: _on_reduce,
        pickle.NEWOBJ[0]: _on_newobj,
        pickle.NEWOBJ_EX[0]: _on_newobj_ex,
        pickle.BUILD[0]: _on_build,
        pickle.APPEND[0]: _on_append,
        pickle.APPENDS[0]: _on_appends,
        pickle.SETITEM[0]: _on_setitem,
        pickle.SETITEMS[0]: _on_setitems,
        pickle.ADDITEMS[0]: _on_additems,
        pickle.DICT[0]: _on_dict,
        pickle.FROZENSET[0]: _on_frozenset,
        pickle.EMPTY_DICT[0]: _on_empty_dict,
        pickle.EMPTY_SET[0]: _on_empty_set,
        pickle.BYTEARRAY8[0]: _on_bytearray8,
    }


def _word(value: Any) -> str:
    if isinstance(value, Global):
        return value.title
    if isinstance(value, Thing) and value.key is not None:
        return f"an instance of {'.'.join(value.key)}"
    return f"a {type(value).__name__}"
