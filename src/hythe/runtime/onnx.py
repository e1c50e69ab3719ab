"""A proven ONNX variant in this process: feeds in, outcome out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hythe.base.errors import Corrupt
from hythe.bundle.feed import Feed
from hythe.bundle.outcome import Outcome, joined
from hythe.bundle.rows import Rows
from hythe.bundle.variant import Decoder, Variant
from hythe.runtime.devices import providers, settled_device
from hythe.runtime.feeder import Feeder, Feeds

_CHUNK_ROWS = 4096
_CHUNK_CELLS = 2**23
"""How many cells of one-hot columns and term counts a chunk may have: 64 MiB each time they are written."""
_ROUNDING_OPTIMIZERS = ["MatMulScaleFusion"]
"""It turns a float64 factor beside a matrix product into a float32 attribute: 1.5e-8 of relative error."""


class OnnxModel:
    """Runs a variant's graph with ONNX Runtime, one thread unless told otherwise.

    `fields` maps column names to the attributes of decoded row objects. `device` is `cpu`, `cuda:N` or
    `auto`; afterwards it says which it is.
    """

    def __init__(
        self,
        graph: bytes | Path,
        variant: Variant,
        *,
        fields: Mapping[str, str] | None = None,
        threads: int = 1,
        device: str = "cpu",
    ) -> None:
        self.variant = variant
        self.feeder = Feeder(variant.feed, fields)
        self._decode = Decoder(variant)
        self._names = self._decode.names
        self._session = _session(graph, threads, providers(device))
        self.device = settled_device(device, self._session)
        self._takes = {item.name for item in self._session.get_inputs()}
        self._run = _runner(self._session)
        self._chunk_rows = _chunk_rows(variant.feed)

    def feed(self, batch: Sequence[Any] | Rows) -> Feeds:
        """Build the input tensors of decoded row objects, an Arrow table or tensors."""
        if isinstance(batch, list):
            return self.feeder.from_objects(batch)
        return self.feeder.from_rows(batch)

    def run(self, feeds: Feeds) -> Outcome:
        """Answer input tensors, in chunks that bound the memory; inputs that are not used are left out."""
        if len(feeds) != len(self._takes):
            feeds = {name: values for name, values in feeds.items() if name in self._takes}
        total = len(next(iter(feeds.values()), ()))
        if total <= self._chunk_rows:
            return self._once(feeds)
        starts = range(0, total, self._chunk_rows)
        return joined([self._once(_slice(feeds, at, self._chunk_rows)) for at in starts])

    def predict(self, rows: Rows) -> Outcome:
        """Answer an Arrow table or tensors."""
        return self.run(self.feeder.from_rows(rows))

    def _once(self, feeds: Feeds) -> Outcome:
        return self._decode(dict(zip(self._names, self._run(self._names, feeds), strict=True)))


def _session(graph: bytes | Path, threads: int, where: Sequence[Any]) -> Any:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    source = str(graph) if isinstance(graph, Path) else graph
    try:
        return ort.InferenceSession(
            source, options, providers=where, disabled_optimizers=_ROUNDING_OPTIMIZERS
        )
    except Exception as err:
        message = f"ONNX Runtime cannot load the graph: {err}; pack the version again"
        raise Corrupt(message) from err


def _runner(session: Any) -> Any:
    """Call the C++ session directly where it can be reached: it saves 2.6 µs of checks a run."""
    inner = getattr(session, "_sess", None)
    if inner is None:
        return session.run
    run = inner.run
    return lambda names, feeds: run(names, feeds, None)


def _chunk_rows(feed: Feed) -> int:
    """Take fewer rows at once where categories or terms make them wide."""
    width = sum(text.width for text in feed.texts) + sum(len(coded.values) for coded in feed.codes)
    return min(_CHUNK_ROWS, max(1, _CHUNK_CELLS // max(1, width)))


def _slice(feeds: Feeds, start: int, length: int) -> Feeds:
    return {name: values[start : start + length] for name, values in feeds.items()}
