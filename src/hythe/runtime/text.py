"""Term counts of a text column, as scikit-learn's `CountVectorizer` counts them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from hythe.bundle.feed import Text
from hythe.runtime.murmur import murmur3

_REMEMBERED = 100_000
_SPACES = re.compile(r"\s\s+")


class Counter:
    """Counts the terms of a vocabulary in documents; a missing document counts as NaN.

    >>> Counter(Text("note", vocabulary=("late", "late again", "again")))(["Late again, AGAIN!"]).tolist()
    [[1.0, 0.0, 2.0]]
    >>> Counter(Text("note", vocabulary=("late again",), ngram_range=(2, 2)))(["Late again, AGAIN!"]).tolist()
    [[1.0]]
    """

    def __init__(self, text: Text) -> None:
        self._places: dict[str, tuple[int, float]] = (
            _Hashed(text) if text.hashed else _placed(text.vocabulary)
        )
        self._width = text.width
        self._preprocess = _preprocessor(text)
        self._terms = _analyser(text)
        self._binary = text.binary

    def __call__(self, documents: Sequence[str | None]) -> NDArray[np.float64]:
        """Count, float64 [documents, vocabulary]."""
        counts = np.zeros((len(documents), self._width))
        for row, document in enumerate(documents):
            if document is None:
                counts[row] = np.nan
                continue
            places = self._places
            for term in self._terms(self._preprocess(document)):
                position, amount = places[term]
                if amount:
                    counts[row, position] = 1.0 if self._binary else counts[row, position] + amount
        return counts


class _Vocabulary(dict[str, tuple[int, float]]):
    """Each term's column and what it adds there; a term that is not in it adds nothing."""

    def __missing__(self, _term: str) -> tuple[int, float]:
        return 0, 0.0


def _placed(vocabulary: Sequence[str]) -> _Vocabulary:
    return _Vocabulary({term: (index, 1.0) for index, term in enumerate(vocabulary)})


class _Hashed(dict[str, tuple[int, float]]):
    """The same by hashing; remembers up to `_REMEMBERED` terms."""

    def __init__(self, text: Text) -> None:
        super().__init__()
        self._columns = text.hashed
        self._signed = text.signed

    def __missing__(self, term: str) -> tuple[int, float]:
        code = murmur3(term.encode())
        place = (abs(code) % self._columns, -1.0 if self._signed and code < 0 else 1.0)
        if len(self) < _REMEMBERED:
            self[term] = place
        return place


def _preprocessor(text: Text) -> Callable[[str], str]:
    def preprocess(document: str) -> str:
        lowered = document.lower() if text.lowercase else document
        if text.strip_accents == "unicode":
            return _without_marks(lowered)
        if text.strip_accents == "ascii":
            return unicodedata.normalize("NFKD", lowered).encode("ASCII", "ignore").decode("ASCII")
        return lowered

    return preprocess


def _without_marks(document: str) -> str:
    if document.isascii():
        return document
    normal = unicodedata.normalize("NFKD", document)
    return "".join(char for char in normal if not unicodedata.combining(char))


def _analyser(text: Text) -> Callable[[str], Iterable[str]]:
    low, high = text.ngram_range
    if text.analyzer == "char":
        return lambda document: _character_ngrams(_SPACES.sub(" ", document), low, high)
    if text.analyzer == "char_wb":
        return lambda document: _boundary_ngrams(_SPACES.sub(" ", document), low, high)
    find = re.compile(text.token_pattern).findall
    stop_words = frozenset(text.stop_words)

    def words(document: str) -> Iterable[str]:
        tokens = find(document)
        if stop_words:
            tokens = [token for token in tokens if token not in stop_words]
        return _word_ngrams(tokens, low, high)

    return words


def _word_ngrams(tokens: list[str], low: int, high: int) -> list[str]:
    if high == 1:
        return tokens
    return [
        " ".join(tokens[start : start + size])
        for size in range(low, min(high, len(tokens)) + 1)
        for start in range(len(tokens) - size + 1)
    ]


def _character_ngrams(document: str, low: int, high: int) -> list[str]:
    return [
        document[start : start + size]
        for size in range(low, min(high, len(document)) + 1)
        for start in range(len(document) - size + 1)
    ]


def _boundary_ngrams(document: str, low: int, high: int) -> list[str]:
    """Character n-grams inside words padded with a space; a word shorter than n counts once."""
    ngrams: list[str] = []
    for word in document.split():
        padded = f" {word} "
        for size in range(low, high + 1):
            ngrams.append(padded[:size])
            offset = 0
            while offset + size < len(padded):
                offset += 1
                ngrams.append(padded[offset : offset + size])
            if offset == 0:  # a word shorter than n counts once
                break
    return ngrams
