"""What was learned of variation between windows keeps alarms at their rate, and still finds drift."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.monitor.drift.streams import CELLS, DAY_S, HOUR_S, MONDAY, SUBJECT, Stream

from hythe.base.errors import Corrupt, Invalid
from hythe.bundle.baseline import Baseline
from hythe.bundle.summary import Summary
from hythe.monitor.drift.learning import Sample, learn, learn_samples
from hythe.monitor.drift.normal import Normal
from hythe.monitor.windows.window import Tally, Window
from hythe.statistics.bins import NumberBins, ValueBins
from hythe.statistics.counts import Counts

TWO_WEEKS = 14 * 24


def learned(stream: Stream, n: int, rng: np.random.Generator) -> Normal:
    return learn_samples(stream.samples(stream.windows(n, rng)), stream.period_s, ordered=[SUBJECT])


def judged(
    normal: Normal, windows: list[tuple[int, ...]], first: int
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    found = [
        normal.judge(SUBJECT, cells, MONDAY + (first + place) * normal.period_s)
        for place, cells in enumerate(windows)
    ]
    return np.array([1.0 if each is None else each.p_value for each in found])


STREAMS = {
    "independent rows": Stream(),
    "seasons": Stream(season=0.5),
    "windows that vary": Stream(tau=0.2),
    "seasons and a level that remembers itself": Stream(season=0.5, tau=0.15, memory=0.8),
}


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_p_values_are_below_alpha_at_most_as_often_as_alpha_says(stream: Stream) -> None:
    rng = np.random.default_rng(5)
    found = np.concatenate([
        judged(learned(stream, TWO_WEEKS, rng), stream.windows(240, rng), TWO_WEEKS) for _ in range(8)
    ])  # fmt: skip
    for alpha in (0.1, 0.01, 0.001):
        assert (found <= alpha).mean() <= alpha + 3 * np.sqrt(alpha / len(found))


def test_rows_taken_for_independent_draws_would_alarm_on_the_same_stream() -> None:
    rng = np.random.default_rng(5)
    stream = STREAMS["windows that vary"]
    plain = learned(Stream(rows=50_000), TWO_WEEKS, rng)
    assert (judged(plain, stream.windows(240, rng), TWO_WEEKS) <= 0.001).mean() > 0.3


def test_a_season_is_found_and_a_window_out_of_season_is_seen() -> None:
    rng = np.random.default_rng(6)
    stream = Stream(season=1.0)
    normal = learned(stream, TWO_WEEKS, rng)
    assert normal.subjects[SUBJECT].season == "day"
    six, eighteen = stream.windows(19, rng)[6::12]
    assert normal.judge(SUBJECT, six, MONDAY + 6 * HOUR_S).p_value > 0.01  # type: ignore[union-attr]
    assert normal.judge(SUBJECT, eighteen, MONDAY + 6 * HOUR_S).p_value < 1e-30  # type: ignore[union-attr]


def test_a_reference_holds_the_learned_windows_of_the_same_hour() -> None:
    rng = np.random.default_rng(6)
    stream = Stream(season=1.0)
    windows = stream.windows(TWO_WEEKS, rng)
    normal = learn_samples(stream.samples(windows), HOUR_S, ordered=[SUBJECT])
    expected = np.sum(windows[3::24], axis=0)
    assert normal.reference(SUBJECT, MONDAY + 100 * DAY_S + 3 * HOUR_S) == tuple(expected.tolist())
    assert normal.reference("feature:other", MONDAY) is None


@pytest.mark.parametrize("shift", [0.5, -0.5])
def test_drift_beyond_what_is_normal_is_found_and_its_place_named(shift: float) -> None:
    rng = np.random.default_rng(8)
    stream = Stream(tau=0.05, rows=2000)
    normal = learned(stream, TWO_WEEKS, rng)
    [cells] = stream.windows(1, rng, shift)
    found = normal.judge(SUBJECT, cells, MONDAY)
    assert found is not None
    assert found.p_value < 1e-6
    assert found.effect > 1.5
    assert found.seen == pytest.approx(sum(cells[found.first : found.last]) / sum(cells))


def test_a_value_never_seen_while_learning_is_found() -> None:
    rng = np.random.default_rng(9)
    samples = [
        Sample(
            MONDAY + hour * HOUR_S,
            {SUBJECT: (0, *rng.multinomial(500, rng.dirichlet([60, 30, 10])).tolist(), 0)},
        )
        for hour in range(TWO_WEEKS)
    ]
    normal = learn_samples(samples, HOUR_S)
    assert normal.judge(SUBJECT, (0, 300, 130, 40, 30), MONDAY).p_value < 1e-9  # type: ignore[union-attr]
    assert normal.judge_cell(SUBJECT, (0, 300, 130, 40, 30), 4, MONDAY).p_value < 1e-9  # type: ignore[union-attr]
    assert normal.judge_cell(SUBJECT, (0, 330, 130, 40, 0), 4, MONDAY).p_value == 1.0  # type: ignore[union-attr]


def test_windows_of_hardly_a_value_for_each_cell_can_be_learned_from() -> None:
    rng = np.random.default_rng(11)
    windows = [tuple(rng.multinomial(10, [1 / 40] * 40).tolist()) for _ in range(20)]
    samples = [Sample(MONDAY + day * DAY_S, {SUBJECT: cells}) for day, cells in enumerate(windows)]
    normal = learn_samples(samples, DAY_S, least_rows=10)
    assert normal.judge(SUBJECT, windows[0], MONDAY).p_value > 0.01  # type: ignore[union-attr]
    assert normal.judge(SUBJECT, (10,) + (0,) * 39, MONDAY).p_value < 0.001  # type: ignore[union-attr]


def test_the_fewer_windows_taught_it_the_more_it_takes() -> None:
    rng = np.random.default_rng(10)
    stream = Stream(tau=0.1, period_s=DAY_S, rows=3000)
    many = learned(stream, 60, rng)
    few = learn_samples(stream.samples(stream.windows(7, rng)), DAY_S, ordered=[SUBJECT])
    cells = stream.windows(1, rng, shift=1.0)[0]
    p_few, p_many = (each.judge(SUBJECT, cells, MONDAY).p_value for each in (few, many))  # type: ignore[union-attr]
    assert p_many < 1e-9
    assert p_few > 1e-6


def test_too_few_windows_are_refused_with_how_many_are_needed() -> None:
    samples = Stream().samples(Stream().windows(6, np.random.default_rng(0)))
    with pytest.raises(Invalid, match=r"has 6 windows of 3600 s with 100 rows or more, and 7 are needed"):
        learn_samples(samples, HOUR_S)
    with pytest.raises(Invalid, match="has 0 windows"):
        learn_samples([], HOUR_S)


def test_whoever_waits_is_asked_before_each_subject_and_may_end_the_learning() -> None:
    stream, asked = Stream(), list[int]()
    samples = [
        Sample(start, {SUBJECT: cells[SUBJECT], "feature:twin": cells[SUBJECT]})
        for start, cells, _ in stream.samples(stream.windows(24, np.random.default_rng(0)))
    ]
    learn_samples(samples, HOUR_S, pause=lambda: asked.append(1))
    assert len(asked) == 2
    with pytest.raises(Invalid, match="enough"):
        learn_samples(samples, HOUR_S, pause=_enough)


def _enough() -> None:
    raise Invalid("enough")


def test_windows_of_too_few_rows_teach_nothing() -> None:
    stream = Stream(rows=20)
    with pytest.raises(Invalid, match="has 0 windows"):
        learn_samples(stream.samples(stream.windows(40, np.random.default_rng(0))), HOUR_S)


def test_counts_over_other_cells_are_refused() -> None:
    normal = learned(Stream(), 48, np.random.default_rng(0))
    with pytest.raises(Invalid, match=f"in 3 cells, and what is normal was learned over {CELLS}"):
        normal.judge(SUBJECT, (1, 2, 3), MONDAY)


def test_an_empty_window_and_an_hour_without_windows_are_not_judged() -> None:
    stream = Stream(season=1.0)
    windows = stream.samples(stream.windows(TWO_WEEKS, np.random.default_rng(0)))
    normal = learn_samples([each for each in windows if each.start % DAY_S], HOUR_S, ordered=[SUBJECT])
    assert normal.judge(SUBJECT, (0,) * CELLS, MONDAY + HOUR_S) is None
    assert normal.judge(SUBJECT, windows[0].cells[SUBJECT], MONDAY) is None
    assert normal.judge("output:value", (1, 2), MONDAY) is None


def test_what_was_learned_is_stored_and_read() -> None:
    normal = learned(Stream(season=0.5), TWO_WEEKS, np.random.default_rng(0))
    assert Normal.decode(normal.encode()) == normal
    with pytest.raises(Corrupt, match="learn it again"):
        Normal.decode(b"{")


BASELINE = Baseline(
    rows=100,
    refused=0,
    features={"x": Summary(Counts(NumberBins((0.0, 1.0, 2.0), 3.0), (0, 0, 0, 40, 30, 30, 0)))},
    outputs={"label": Summary(Counts(ValueBins(("no", "yes")), (0, 60, 40, 0)))},
)


def window(start: int, cells: tuple[int, ...], period_s: int = 60, share: float = 1.0) -> Window:
    return Window(
        "scoring", "1.0.0", start, period_s, share,
        features={"x": Tally(cells)}, outputs={"label": Tally((0, cells[3], cells[4] + cells[5], 0))},
    )  # fmt: skip


def test_windows_are_merged_into_whole_periods_over_shares() -> None:
    rng = np.random.default_rng(1)
    minutes = [
        window(
            MONDAY + 1800 * half, (0, 0, 0, *rng.multinomial(200, [0.4, 0.3, 0.3]).tolist(), 0), share=share
        )
        for half in range(40)
        for share in (0.9, 0.1)
    ]
    normal = learn(minutes, BASELINE, HOUR_S)
    assert normal.windows == 20
    assert set(normal.subjects) == {"feature:x", "output:label"}
    assert normal.subjects["feature:x"].cuts
    assert not normal.subjects["output:label"].cuts
    assert sum(normal.reference("feature:x", MONDAY) or ()) == 40 * 2 * 200
    assert learn(reversed(minutes), BASELINE, HOUR_S) == normal


def test_windows_longer_than_a_period_are_left_out() -> None:
    days = [window(MONDAY + day * DAY_S, (0, 0, 0, 400, 300, 300, 0), DAY_S) for day in range(10)]
    with pytest.raises(Invalid, match="has 0 windows of 3600 s"):
        learn(days, BASELINE, HOUR_S)


def test_windows_of_another_baseline_are_refused() -> None:
    with pytest.raises(Invalid, match="in 6 cells, and the baseline in 7"):
        learn([window(MONDAY, (0, 0, 0, 4, 3, 3))], BASELINE, HOUR_S)
