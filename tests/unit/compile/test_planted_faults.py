"""Faults planted into compiled trees, one node at a time: the proof finds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from onnx import ModelProto, numpy_helper
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from hythe.bundle.frames import to_rows
from hythe.compile.against import rows_against
from hythe.compile.compiler import Compiled, compile_model
from hythe.compile.proof import prove
from hythe.flavors.find import flavor_of
from hythe.runtime.onnx import OnnxModel
from hythe.testing.lowering import lower

RNG = np.random.default_rng(1)
FRAME = pd.DataFrame(RNG.normal(size=(400, 5)), columns=list("abcde"))
LABELS = (FRAME["a"] * FRAME["b"] + FRAME["c"] + RNG.normal(size=400) > 0).astype(int)
GAPS = FRAME.where(RNG.random(FRAME.shape) > 0.1)


class Subject:
    """A model, its lowering and the proof rows against it, made once."""

    def __init__(self, model: Any, frame: pd.DataFrame) -> None:
        self.model = model.fit(frame, LABELS)
        self.schema = lower(model, frame).schema
        self.compiled = compile_model(model, self.schema)
        self.tried = rows_against(self.compiled, self.original, to_rows(frame), self.schema)

    def original(self, rows: Any) -> Any:
        return flavor_of(self.model).predict(self.model, rows, self.schema)

    def verdict(self, compiled: Compiled) -> str:
        variant = OnnxModel(compiled.graph, compiled.variant)
        return prove(self.original, variant.predict, self.tried, self.schema).proof.verdict


@pytest.fixture(scope="module")
def forest() -> Subject:
    return Subject(RandomForestClassifier(10, random_state=0), FRAME)


@pytest.fixture(scope="module")
def boosted() -> Subject:
    return Subject(HistGradientBoostingClassifier(max_iter=10, min_samples_leaf=5), GAPS)


Change = Callable[[dict[str, Any]], None]


def planted(compiled: Compiled, change: Change) -> Compiled:
    """Change the attributes of the graph's tree ensembles."""
    model = ModelProto.FromString(compiled.graph)
    for node in model.graph.node:
        if node.op_type == "TreeEnsemble":
            change({item.name: item for item in node.attribute})
    return replace(compiled, graph=model.SerializeToString())


def splits(attributes: dict[str, Any], change: Callable[[Any], Any]) -> None:
    old = numpy_helper.to_array(attributes["nodes_splits"].t)
    attributes["nodes_splits"].t.CopyFrom(numpy_helper.from_array(change(old.copy())))


def in_single_precision(attributes: dict[str, Any]) -> None:
    splits(attributes, lambda old: old.astype(np.float32).astype(np.float64))


def below_instead_of_at_most(attributes: dict[str, Any]) -> None:
    modes = numpy_helper.to_array(attributes["nodes_modes"].t)
    attributes["nodes_modes"].t.CopyFrom(numpy_helper.from_array(np.ones_like(modes)))


def missing_to_the_other_side(attributes: dict[str, Any]) -> None:
    tracks = attributes["nodes_missing_value_tracks_true"]
    flipped = [1 - value for value in tracks.ints]
    del tracks.ints[:]
    tracks.ints.extend(flipped)


def test_the_graph_as_it_was_compiled_is_proven(forest: Subject, boosted: Subject) -> None:
    assert forest.verdict(forest.compiled) == boosted.verdict(boosted.compiled) == "proven"


def test_thresholds_cut_to_float32_are_found(forest: Subject, boosted: Subject) -> None:
    for subject in (forest, boosted):
        assert subject.verdict(planted(subject.compiled, in_single_precision)) == "refused"


def test_a_strict_comparison_is_found(boosted: Subject) -> None:
    assert boosted.verdict(planted(boosted.compiled, below_instead_of_at_most)) == "refused"


def test_missing_values_sent_the_other_way_are_found(boosted: Subject) -> None:
    assert boosted.verdict(planted(boosted.compiled, missing_to_the_other_side)) == "refused"


def single_faults(subject: Subject, number: int) -> Iterator[Compiled]:
    """Move the threshold of one node at a time by a few parts in a billion."""
    rng = np.random.default_rng(2)
    for _ in range(number):
        share = rng.random()

        def move(attributes: dict[str, Any], share: float = share) -> None:
            def one(old: Any) -> Any:
                index = int(share * old.size)
                old[index] -= 3e-9 * max(abs(old[index]), 1.0)
                return old

            splits(attributes, one)

        yield planted(subject.compiled, move)


def test_nearly_every_single_threshold_that_is_slightly_off_is_found(boosted: Subject) -> None:
    found = [boosted.verdict(faulty) for faulty in single_faults(boosted, 20)]
    assert found.count("refused") >= 18
