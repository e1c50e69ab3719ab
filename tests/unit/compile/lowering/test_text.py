"""Texts as term counts, weights and hashes; a missing text is refused."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction import FeatureHasher
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler

from hythe.compile.lowering.frame import CannotLower
from hythe.testing.lowering import assert_alike, lower

TEXTS = ["Late again, AGAIN! the café's bill", "a  b   ccc\tdd\nee naïve NAÏVE", "Straße 10 000 x_y late", "the the bill", "late bill again", "", "nothing known zzz"]  # fmt: skip # noqa: E501 - one text after another
TABLE = pd.DataFrame({"note": TEXTS, "n": np.arange(7.0)})
ODD = pd.DataFrame({"note": [None, "again AGAIN unknown", "late"], "n": [1.0, 2.0, np.inf]})
ROWS = pd.concat([TABLE, ODD], ignore_index=True)


@pytest.mark.parametrize(
    "vectoriser",
    [
        CountVectorizer(),
        CountVectorizer(binary=True, ngram_range=(1, 2)),
        TfidfVectorizer(),
        TfidfVectorizer(sublinear_tf=True, norm="l1", stop_words="english"),
        TfidfVectorizer(use_idf=False, norm=None, analyzer="char_wb", ngram_range=(2, 3)),
        TfidfVectorizer(analyzer="char", strip_accents="unicode", lowercase=False),
        HashingVectorizer(n_features=32),
        HashingVectorizer(n_features=8, binary=True),
        HashingVectorizer(n_features=16, alternate_sign=False, norm=None),
        make_pipeline(CountVectorizer(), TfidfTransformer(), MaxAbsScaler(), StandardScaler(with_mean=False)),
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["object", "str"])
def test_a_column_of_texts_is_vectorised(vectoriser: Any, dtype: str) -> None:
    frame = TABLE.astype({"note": dtype})
    model = make_column_transformer((vectoriser, "note"), (StandardScaler(), ["n"])).fit(frame)
    assert_alike(lower(model, frame), ROWS.astype({"note": dtype}))


@pytest.mark.parametrize("texts", [TEXTS, pd.Series(TEXTS)], ids=["list", "series"])
def test_texts_may_come_alone(texts: Any) -> None:
    union = FeatureUnion([("words", TfidfVectorizer()), ("hashes", HashingVectorizer(n_features=8))])
    model = make_pipeline(union, TruncatedSVD(2, random_state=0)).fit(texts)
    assert_alike(lower(model, texts), texts)


def test_weights_of_counts_that_come_as_numbers() -> None:
    counts = np.array([[1.0, 0.0, 3.0], [0.0, 0.0, 0.0], [2.0, 1.0, 0.0]])
    model = TfidfTransformer(sublinear_tf=True).fit(counts)
    assert_alike(lower(model, counts), np.vstack([counts, [[-1.0, 1.0, 1.0], [np.nan, 1.0, 1.0]]]))


def _split(text: str) -> list[str]:
    return text.split()


@pytest.mark.parametrize(
    ("vectoriser", "reason"),
    [
        (CountVectorizer(tokenizer=_split, token_pattern=None), "tokenizer"),
        (CountVectorizer(analyzer=_split), "analyzer"),
        (TfidfVectorizer(preprocessor=str.upper), "preprocessor"),
        (HashingVectorizer(), "n_features=1048576"),
    ],
    ids=["tokenizer", "analyzer", "preprocessor", "wide hashes"],
)
def test_what_is_a_program_or_too_wide_is_not_lowered(vectoriser: Any, reason: str) -> None:
    with pytest.raises(CannotLower, match=reason):
        lower(make_column_transformer((vectoriser, "note")).fit(TABLE), TABLE)


def test_hashes_of_names_that_no_schema_lists_are_not_lowered() -> None:
    records = [{"a": 1.0, "b": 3.0}, {"a": 2.0, "b": 1.0}]
    with pytest.raises(CannotLower, match="no schema lists"):
        lower(FeatureHasher(4).fit(records), records)
