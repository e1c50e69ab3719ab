"""Prometheus' text format, read back into samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hythe.base.errors import Corrupt


class Sample(NamedTuple):
    """One line of `/metrics`."""

    name: str
    labels: dict[str, str]
    value: float


def read_samples(text: str) -> Iterator[Sample]:
    r"""Read the samples of a scrape.

    >>> next(read_samples('# TYPE rows counter\nrows_total{endpoint="churn"} 3\n'))
    Sample(name='rows_total', labels={'endpoint': 'churn'}, value=3.0)

    Raises:
        Corrupt: when the text is not in Prometheus' format.

    """
    from prometheus_client.parser import text_string_to_metric_families

    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                yield Sample(sample.name, dict(sample.labels), float(sample.value))
    except ValueError as err:
        raise Corrupt(f"the metrics cannot be read: {err}; is this a Hythe server?") from err
