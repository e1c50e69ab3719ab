"""How rows become a variant's input tensors: one tensor per dtype.

A compiled variant takes `numbers` (float64, [rows, numbers]), `codes` (int64, [rows, coded columns]) and a
`text_<i>` (float64, [rows, vocabulary]) for each vectorised text column; a model on tensors takes those
tensors. A `Feed` is that layout as data, stored beside the graph, so that every door and device builds the
same input.
"""

from __future__ import annotations

import msgspec

from hythe.bundle.schema import Scalar, Tensor

MISSING = 0
"""The code of a missing value, unless a table says otherwise."""
UNSEEN = 1
"""The code of a value that a table does not name, unless the table says otherwise."""
FIRST = 2
"""The code of the first value of a table."""


class Coded(msgspec.Struct, frozen=True, omit_defaults=True):
    """A column that enters as codes: `values[i]` has the code `codes[i]`, or `FIRST + i` without `codes`.

    Steps that only rename values (an imputer's filling, categories grouped as infrequent) live here as shared
    codes, and cost the graph nothing. One column may enter by several tables.
    """

    name: str
    values: tuple[Scalar, ...]
    codes: tuple[int, ...] = ()
    missing: int = MISSING
    unseen: int = UNSEEN


class Text(msgspec.Struct, frozen=True, omit_defaults=True):
    """A text column that enters as term counts over `vocabulary`, in that order, or over `hashed` columns.

    The analysis is that of scikit-learn's `CountVectorizer`: strip accents, lowercase, find tokens by
    `token_pattern` (or characters), join n-grams, drop stop words. A missing document counts as NaN. With
    `hashed` a term's column is its MurmurHash3 modulo their number, as in `HashingVectorizer`, and `signed`
    counts by the sign of the hash.
    """

    name: str
    vocabulary: tuple[str, ...] = ()
    analyzer: str = "word"
    lowercase: bool = True
    strip_accents: str | None = None
    token_pattern: str = r"(?u)\b\w\w+\b"
    ngram_range: tuple[int, int] = (1, 1)
    stop_words: tuple[str, ...] = ()
    binary: bool = False
    hashed: int = 0
    signed: bool = False

    @property
    def width(self) -> int:
        """How many columns there are."""
        return self.hashed or len(self.vocabulary)


class Feed(msgspec.Struct, frozen=True, omit_defaults=True):
    """The layout of a variant's inputs; `single` names the numbers that were float32 and round to it."""

    numbers: tuple[str, ...] = ()
    single: tuple[str, ...] = ()
    codes: tuple[Coded, ...] = ()
    texts: tuple[Text, ...] = ()
    tensors: tuple[Tensor, ...] = ()
