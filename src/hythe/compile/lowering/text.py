"""Texts counted, hashed and weighted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from hythe.bundle.feed import Text
from hythe.compile.graph import Value
from hythe.compile.lowering.frame import CannotLower, Frame, Source
from hythe.compile.lowering.lowerer import Lowerer, lowers
from hythe.compile.lowering.scaling import alike, checked, row_normalised

MOST_HASHED = 4096
"""Up to this many columns terms are hashed into a dense row; scikit-learn's default of 2^20 is too wide."""


@lowers("sklearn.CountVectorizer")
def count_vectorizer(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower term counts: the feeder counts, the graph refuses missing documents."""
    counts = _counted(model, frame, lowerer)
    return Frame.of(counts, len(model.vocabulary_), sparse=True)


@lowers("sklearn.TfidfVectorizer")
def tfidf_vectorizer(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower term counts, weighted as the transformer inside does."""
    value = _weighted(model._tfidf, _counted(model, frame, lowerer))  # noqa: SLF001 - nowhere else
    return Frame.of(value, len(model.vocabulary_), sparse=True)


@lowers("sklearn.TfidfTransformer")
def tfidf_transformer(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower the weights of terms by how rare they are, and the norm of each row."""
    value = checked(frame, lowerer)
    if model.sublinear_tf:
        lowerer.refuse(value < 0.0)
    return replace(alike(frame, _weighted(model, value)), sparse=True)


@lowers("sklearn.HashingVectorizer")
def hashing_vectorizer(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower hashed term counts, where the columns are few enough for a dense row."""
    if model.n_features > MOST_HASHED:
        raise CannotLower(
            f"HashingVectorizer has n_features={model.n_features}, which makes a row too wide; "
            f"up to {MOST_HASHED} are lowered"
        )
    value = _read(model, frame, lowerer, hashed=int(model.n_features), signed=bool(model.alternate_sign))
    value = value if model.norm is None else row_normalised(value, model.norm)
    return Frame.of(value, model.n_features, sparse=True)


@lowers("sklearn.FeatureHasher")
def feature_hasher(_model: Any, _frame: Frame, _lowerer: Lowerer) -> Frame:
    """Refuse: it hashes names that no schema lists."""
    raise CannotLower("FeatureHasher hashes whatever names a row brings, which no schema lists")


def _weighted(model: Any, counts: Value) -> Value:
    graph = counts.graph
    value = counts
    if model.sublinear_tf:
        value = graph.where(value.equals(0.0), 0.0, value.apply("Log") + 1.0)
    if model.use_idf:
        value = value * np.asarray(model.idf_, dtype=np.float64)
    return value if model.norm is None else row_normalised(value, model.norm)


def _counted(model: Any, frame: Frame, lowerer: Lowerer) -> Value:
    vocabulary = sorted(model.vocabulary_, key=model.vocabulary_.__getitem__)
    return _read(model, frame, lowerer, vocabulary=tuple(str(term) for term in vocabulary))


def _read(model: Any, frame: Frame, lowerer: Lowerer, **columns: Any) -> Value:
    """Have the feeder count terms; a missing document makes a row of NaN, and is refused."""
    source = frame.parts[0] if len(frame.parts) == 1 else None
    if not frame.flat or not isinstance(source, Source) or source.renamed:
        raise CannotLower(f"{type(model).__name__} is not given one column of texts as it came in")
    for setting in ("preprocessor", "tokenizer"):
        if getattr(model, setting) is not None:
            raise CannotLower(f"{type(model).__name__} has a {setting} of its own, which is a program")
    for setting in ("analyzer", "strip_accents"):
        if callable(getattr(model, setting)):
            raise CannotLower(f"{type(model).__name__} has a {setting} of its own, which is a program")
    if model.input != "content":
        raise CannotLower(f"{type(model).__name__} has input={model.input!r}; only 'content' is lowered")
    if model.analyzer == "word":
        columns |= {
            "token_pattern": model.token_pattern,
            "stop_words": tuple(sorted(model.get_stop_words() or ())),
        }
    analysis = Text(
        source.column.name,
        analyzer=model.analyzer,
        lowercase=bool(model.lowercase),
        strip_accents=model.strip_accents,
        ngram_range=(int(model.ngram_range[0]), int(model.ngram_range[1])),
        binary=bool(model.binary),
        **columns,
    )
    value = lowerer.text(analysis)
    lowerer.refuse(value.columns([0]).is_nan())
    return value
