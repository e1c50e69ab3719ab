"""What would break the callers of an endpoint when another version answers them."""

from __future__ import annotations

from collections.abc import Iterator

from hythe.bundle.schema import Output, Schema
from hythe.runtime.unread import unread


def breaks(before: Schema, after: Schema) -> list[str]:
    """Say, a sentence each, which requests that fit `before` do not fit `after`, and which answers differ.

    An input that callers may leave out is no break, nor is one that takes more than it did. Outputs have to
    be the same, and may be more.

    >>> from hythe.bundle.schema import Column
    >>> old = Schema((Column("age", "int8"),))
    >>> new = Schema((Column("age", "int64"), Column("plan", "string")))
    >>> breaks(old, new)
    ["it needs 'plan' (a string), which callers do not send"]
    >>> breaks(new, old)
    ["it refuses 'plan', which callers send", "'age' was an integer from -9007199254740992 to \
9007199254740992 and is now an integer from -128 to 127"]
    """
    return [*unread(before, after), *_outputs(before, after)]


def _outputs(before: Schema, after: Schema) -> Iterator[str]:
    given = {item.name: item for item in after.outputs}
    for old in before.outputs:
        new = given.get(old.name)
        if new is None:
            yield f"it does not answer {old.name!r}"
        elif _form(new) != _form(old):
            yield f"answer {old.name!r} was {_answer(old)} and is now {_answer(new)}"


def _form(output: Output) -> tuple[object, ...]:
    """Give what callers rely on; answers say themselves how wide their numbers are."""
    kind = output.dtype.rstrip("0123456789").removeprefix("u")
    return kind, output.shape, output.classes


def _answer(output: Output) -> str:
    classes = "" if output.classes is None else " of " + ", ".join(str(each) for each in output.classes)
    return f"{output.dtype}{list(output.shape) if output.shape else ''}{classes}"
