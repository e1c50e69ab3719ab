"""Term counts are scikit-learn's own."""

from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from hythe.bundle.feed import Text
from hythe.runtime.text import Counter

DOCUMENTS = [
    "Late again, AGAIN! the café's bill",
    "",
    "a  b   ccc\tdd\nee naïve NAÏVE",
    "ﬁne 10 000 x_y Straße \u0130stanbul",
    "the the the",
]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"ngram_range": (1, 3), "stop_words": ["the", "again"]},
        {"ngram_range": (2, 2), "binary": True},
        {"analyzer": "char", "ngram_range": (1, 4)},
        {"analyzer": "char_wb", "ngram_range": (2, 5), "lowercase": False},
        {"strip_accents": "unicode", "token_pattern": r"(?u)\b\w+\b"},
        {"strip_accents": "ascii"},
    ],
    ids=str,
)
def test_terms_are_counted_as_count_vectorizer_counts_them(settings: dict[str, Any]) -> None:
    original = CountVectorizer(**settings).fit(DOCUMENTS)
    analysis: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()
    }
    text = Text("note", vocabulary=tuple(original.get_feature_names_out()), **analysis)
    unseen = [*DOCUMENTS, "something Else altogether, again", "z"]
    np.testing.assert_array_equal(Counter(text)(unseen), original.transform(unseen).toarray())


def test_a_missing_document_counts_as_nan() -> None:
    assert np.isnan(Counter(Text("note", vocabulary=("a", "b")))([None])).all()
