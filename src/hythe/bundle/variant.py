"""What stands beside a variant's graph, so that whatever runs ONNX answers as the original does."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from hythe.base.errors import Corrupt
from hythe.bundle.feed import Feed
from hythe.bundle.outcome import Outcome
from hythe.bundle.rows import Array
from hythe.bundle.schema import Scalar

REFUSED = "refused"
"""The graph output, bool [rows], that marks the rows which the original refuses."""


class Variant(msgspec.Struct, frozen=True, omit_defaults=True):
    """The layout of a graph's inputs and the meaning of its outputs.

    The graph's outputs bear the names of the schema's. Those in `labels` are int64 positions: `labels[name]`
    holds the classes of each target in turn (one tuple for [rows], several for [rows, targets]). A `guarded`
    graph has the output `refused` as well.
    """

    feed: Feed
    outputs: tuple[str, ...]
    labels: dict[str, tuple[tuple[Scalar, ...], ...]] = {}
    guarded: bool = False

    def encode(self) -> bytes:
        """Write the variant as JSON."""
        return msgspec.json.format(msgspec.json.encode(self, order="sorted"), indent=1)

    @classmethod
    def decode(cls, data: bytes) -> Variant:
        """Read what `encode` wrote.

        Raises:
            Corrupt: when it is not a variant's JSON.

        """
        try:
            return msgspec.json.decode(data, type=cls)
        except msgspec.DecodeError as err:
            raise Corrupt(f"variant.json cannot be read: {err}; pack the version again") from err


class Decoder:
    """Turns a graph's raw outputs into answers.

    >>> decode = Decoder(Variant(Feed(), ("label",), {"label": (("no", "yes"),)}))
    >>> decode({"label": np.array([1, 0])}).answers["label"].tolist()
    ['yes', 'no']
    """

    def __init__(self, variant: Variant) -> None:
        self.names = [*variant.outputs, REFUSED] if variant.guarded else list(variant.outputs)
        self._labels = {
            name: [class_array(classes) for classes in targets] for name, targets in variant.labels.items()
        }

    def __call__(self, raw: Mapping[str, Array]) -> Outcome:
        """Name the labels and split off the refusals."""
        answers: dict[str, Array] = {name: values for name, values in raw.items() if name != REFUSED}
        for name, targets in self._labels.items():
            index = answers[name]
            if index.ndim == 1:
                answers[name] = targets[0][index]
            else:
                answers[name] = np.stack([targets[i][index[:, i]] for i in range(len(targets))], axis=1)
        refused = raw.get(REFUSED)
        if refused is None:
            return Outcome.answered(answers)
        return Outcome(answers, refused)


def class_array(classes: tuple[Scalar, ...]) -> Array:
    """Hold classes in an array of their own kind; strings stay objects, so that none is cut short."""
    if all(isinstance(item, str) for item in classes):
        return np.array(classes, dtype=object)
    return np.array(classes)
