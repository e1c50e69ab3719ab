"""What is written for each row is the JSON of its labelled answer."""

from typing import Any

import msgspec
import numpy as np
import pytest

from hythe.bundle.outcome import Answers
from hythe.bundle.schema import Output
from hythe.runtime.answers import AnswerStructs, Labeller

TEXTS = np.array(["yes", "no"], dtype=object)
SCORES = np.array([[0.25, 0.75], [np.nan, 1.0]])
CASES: dict[str, tuple[tuple[Output, ...], Answers]] = {
    "classifier": (
        (Output("label", "str"), Output("probabilities", "float64", (2,), ("no", "yes"))),
        {"label": TEXTS, "probabilities": SCORES},
    ),
    "regressor": ((Output("value", "float64"),), {"value": np.array([1.5, -2.0])}),
    "several targets": (
        (Output("label", "int64", (2,)), Output("scores_0", "float64", (2,), (True, False))),
        {"label": np.array([[1, 2], [3, 4]]), "scores_0": SCORES},
    ),
    "classes of one name": (
        (Output("scores", "float64", (2,), (1, "1")),),
        {"scores": SCORES},
    ),
    "a name that JSON escapes": ((Output('the "value"', "float64"),), {'the "value"': np.array([1.0, 2.0])}),
    "a class that JSON escapes": ((Output("scores", "float64", (2,), ("a\n", "b")),), {"scores": SCORES}),
    "texts of a class": ((Output("kinds", "str", (1,), ("only",)),), {"kinds": TEXTS.reshape(2, 1)}),
}


@pytest.mark.parametrize("case", CASES)
def test_structs_are_written_as_labelled_answers_are(case: str) -> None:
    outputs, answers = CASES[case]
    written: Any = msgspec.json.encode(AnswerStructs(outputs)(answers))
    assert written == msgspec.json.encode(Labeller(outputs, text_keys=True)(answers))
    assert len(msgspec.json.decode(written)) == 2
