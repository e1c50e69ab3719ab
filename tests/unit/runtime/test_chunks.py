"""Many rows, and wide ones, are answered in chunks that fit in memory."""

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from hythe.runtime import onnx
from hythe.testing.lowering import assert_same, lower

ROWS = np.random.default_rng(0).normal(size=(25, 3))


def test_chunks_are_put_together_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx, "_CHUNK_ROWS", 4)
    assert_same(lower(StandardScaler().fit(ROWS), ROWS), ROWS)


def test_wide_rows_go_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx, "_CHUNK_CELLS", 20)
    frame = pd.DataFrame({"x": [f"value {i % 7}" for i in range(25)]})
    pair = lower(OneHotEncoder().fit(frame), frame)
    assert pair.lowered._chunk_rows == 2
    assert_same(pair, frame)


def test_long_vocabularies_go_a_row_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx, "_CHUNK_CELLS", 2)
    texts = ["late again", "the bill", "late bill"]
    pair = lower(make_pipeline(CountVectorizer(), "passthrough").fit(texts), texts)
    assert pair.lowered._chunk_rows == 1
    assert_same(pair, texts)
