"""Streaming detectors: River's published answers, the stated rate of alarms, and changes that are found."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from hythe.base.errors import Invalid, Unsupported
from hythe.monitor.drift import adwin, page_hinkley
from hythe.monitor.drift.stream import prepare
from hythe.monitor.drift.streaming import Watched, onset, watch

DAY_S = 86400
LEARNED = 2000


def jumping_whole_numbers() -> NDArray[np.int64]:
    """Draw the first stream of River's own tests of its detectors."""
    random = np.random.RandomState(12345)
    return np.concatenate((random.randint(2, size=1000), random.randint(8, size=1000)))


def switching_on_and_off() -> NDArray[np.int64]:
    """Draw the third stream of River's own tests of its detectors."""
    random = np.random.RandomState(12345)
    means = (0.0, 0.25, 0.0, 0.25)
    return np.concatenate([random.normal(mean, 0.1, 500) > 0 for mean in means]).astype(np.int64)


def test_adwin_finds_what_rivers_own_tests_say() -> None:
    assert adwin.changes(jumping_whole_numbers().tolist()) == [1023]


@pytest.mark.parametrize(
    ("mode", "expected"), [("up", [588, 1681]), ("down", [1172]), ("both", [588, 1097, 1585])]
)
def test_page_hinkley_finds_what_rivers_own_tests_say(mode: str, expected: list[int]) -> None:
    stream = switching_on_and_off().tolist()
    assert page_hinkley.changes(stream, 50.0, delta=0.005, forget=1 - 0.0001, mode=mode) == expected


def losses(kind: str, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    if kind == "right or wrong":
        return (rng.random(n) < 0.1).astype(np.float64)
    if kind == "log loss":
        return rng.exponential(size=n)
    if kind == "squared errors with outliers":
        return rng.standard_t(2.0, n) ** 2
    noise = rng.normal(size=n)
    for place in range(1, n):
        noise[place] = 0.8 * noise[place - 1] + 0.6 * noise[place]
    return noise


@pytest.mark.parametrize(
    "kind", ["right or wrong", "log loss", "squared errors with outliers", "scores that remember themselves"]
)
def test_a_stream_that_does_not_change_alarms_no_more_often_than_stated(kind: str) -> None:
    rng = np.random.default_rng(1)
    streams, n = 30, 8000
    alarms = {"adwin": 0, "page_hinkley": 0}
    for _ in range(streams):
        stream = prepare(np.arange(LEARNED + n), losses(kind, LEARNED + n, rng), LEARNED)
        later = n / stream.block
        threshold = page_hinkley.threshold_for(0.5, later, stream.values[: stream.learned])
        found = {
            "adwin": adwin.changes(stream.values.tolist(), adwin.delta_for(0.5, later)),
            "page_hinkley": page_hinkley.changes(stream.values.tolist(), threshold),
        }
        for name, places in found.items():
            alarms[name] += sum(place >= stream.learned for place in places)
    for name, count in alarms.items():
        assert count <= 0.5 * streams + 3 * np.sqrt(0.5 * streams), name


@pytest.mark.parametrize("kind", ["right or wrong", "log loss"])
def test_a_loss_that_grows_is_found_soon_and_its_size_told(kind: str) -> None:
    rng = np.random.default_rng(2)
    values = losses(kind, 10_000, rng)
    if kind == "right or wrong":
        values[6000:] = rng.random(4000) < 0.3
    else:
        values[6000:] *= 2.0
    times = (np.arange(10_000) * 60).tolist()
    watched = Watched(subject="loss", learn_until=LEARNED * 60, since=5000 * 60, horizon_s=90 * DAY_S)
    for found in watch(times, values.tolist(), watched):
        assert found.verdict == "alarm"
        assert found.details["before"] == pytest.approx(values[:6000].mean(), rel=0.1)
        assert found.details["now"] == pytest.approx(values[6000:].mean(), rel=0.1)
        assert found.value == pytest.approx(values[6000:].mean() - values[:6000].mean(), rel=0.25)
        assert "1970-01-05T0" in found.details["began"]


def test_what_was_found_before_is_no_alarm_again() -> None:
    rng = np.random.default_rng(3)
    values = losses("log loss", 10_000, rng)
    values[3000:] *= 2.0
    times = (np.arange(10_000) * 60).tolist()
    watched = Watched(subject="loss", learn_until=LEARNED * 60, since=9000 * 60)
    assert {found.verdict for found in watch(times, values.tolist(), watched)} == {"ok"}


def test_a_day_and_a_night_are_no_change() -> None:
    rng = np.random.default_rng(4)
    times = np.arange(20 * 24 * 60) * 60
    values = np.sin(2 * np.pi * times / DAY_S) + 0.3 * rng.normal(size=len(times))
    watched = Watched(
        subject="score",
        kind="drift",
        learn_until=5 * DAY_S,
        since=5 * DAY_S,
        seasonal=True,
        horizon_s=15 * DAY_S,
    )
    assert {found.verdict for found in watch(times.tolist(), values.tolist(), watched)} == {"ok"}
    values[10 * 24 * 60 :] += 0.1
    assert {found.verdict for found in watch(times.tolist(), values.tolist(), watched)} == {"alarm"}


def test_too_few_values_say_how_many_are_needed() -> None:
    watched = Watched(subject="loss", learn_until=150, since=150)
    for found in watch(range(400), [0.5] * 400, watched):
        assert found.verdict == "too_little"
        assert "150 values came while learning, and 200 are needed" in found.message


def test_a_stream_that_hardly_forgets_itself_needs_to_be_learned_for_longer() -> None:
    values = np.cumsum(np.random.default_rng(5).normal(size=1000))
    with pytest.raises(Invalid, match="are alike for about"):
        prepare(np.arange(1000), values, 500)


def test_a_constant_stream_and_one_with_values_that_are_none_can_be_watched() -> None:
    watched = Watched(subject="loss", learn_until=300, since=300)
    values = [0.5] * 600
    values[17] = values[400] = float("nan")
    assert {found.verdict for found in watch(range(600), values, watched)} == {"ok"}


def test_without_river_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "river", None)
    with pytest.raises(Unsupported, match=r"install 'hythe\[stream-detectors\]'"):
        adwin.changes([0.0])


def test_times_out_of_order_are_refused() -> None:
    watched = Watched(subject="loss", learn_until=300, since=300)
    with pytest.raises(Invalid, match="sorted by time"):
        watch([2, 1], [0.0, 0.0], watched)
    with pytest.raises(Invalid, match="2 values of loss have 1 times"):
        watch([1], [0.0, 0.0], watched)


def test_an_onset_is_where_the_likelihood_of_two_means_is_greatest() -> None:
    rng = np.random.default_rng(6)
    values = rng.normal(size=200)
    values[120:] += 1.5
    losses_at = [
        ((values[:k] - values[:k].mean()) ** 2).sum() + ((values[k:] - values[k:].mean()) ** 2).sum()
        for k in range(1, 200)
    ]
    assert onset(values) == int(np.argmin(losses_at)) + 1
