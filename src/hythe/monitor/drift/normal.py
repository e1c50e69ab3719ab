"""What variation between windows is normal, learned from the windows of a learning period.

Windows of live traffic differ by more than chance: mornings are not like nights, a campaign brings other
customers for an hour. Tests that take rows for independent draws alarm on all of it. So for each feature and
output it is learned which windows are alike (its season), what they hold, and how much more such windows
differ than draws would: a design effect (Kish 1965; Rao & Scott 1981) in each direction in which the
distribution may move, with the degrees of freedom that the learning period gives it. A new window is judged
by what it would be predicted to be, as a prediction interval is, and not by plugging the estimate in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from hythe.base.errors import Corrupt, Invalid
from hythe.monitor.drift.associations import Associations
from hythe.monitor.drift.variation import Deviation, Variation


class Normal(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Learned from `windows` windows of `period_s` seconds, the first of which began at `start` (UTC).

    It holds for periods of that length alone. `subjects` are named as in findings: `feature:tenure`,
    `output:probabilities[yes]`, `joint`; what had too few rows or windows is not among them, and nothing is
    known to be normal there. `pairs` tells how far the dependence of the baseline's pairs varies.

    >>> from hythe.monitor.drift.learning import Sample, learn_samples
    >>> busy = [{"feature:plan": (0, 50 + 7 * (hour % 5), 50 - 7 * (hour % 5), 0)} for hour in range(48)]
    >>> samples = [Sample(3600 * hour, cells) for hour, cells in enumerate(busy)]
    >>> normal = learn_samples(samples, 3600)
    >>> normal.reference("feature:plan", 3600 * 100)
    (0, 3051, 1749, 0)
    >>> found = normal.judge("feature:plan", (0, 20, 80, 0), 3600 * 100)
    >>> found.p_value < 0.01, round(found.expected, 2), round(found.seen, 2)
    (True, 0.64, 0.2)
    """

    period_s: int
    start: int
    windows: int
    subjects: Mapping[str, Variation] = {}
    pairs: Associations | None = None

    def reference(self, subject: str, start: int) -> tuple[int, ...] | None:
        """Give the counts by cell of the learned windows that are like one that begins at `start`.

        None where nothing was learned of the subject, or of that time.
        """
        variation = self.subjects.get(subject)
        known = None if variation is None else variation.slot(start, self.period_s)
        return None if known is None else known.cells

    def judge(self, subject: str, cells: Sequence[int], start: int) -> Deviation | None:
        """Test whether a window's counts by cell are drawn like those learned, variation included.

        The p-value is of all directions together; `Deviation` names the most telling one. None where nothing
        was learned of the subject, or of that time, or there are no rows.

        Raises:
            Invalid: when the counts are over other cells than those learned.

        """
        variation = self.subjects.get(subject)
        if variation is None:
            return None
        return variation.judge(_counts(subject, cells, variation), start, self.period_s)

    def judge_cell(self, subject: str, cells: Sequence[int], place: int, start: int) -> Deviation | None:
        """Test one cell's share alone, such as that of missing values (cell 0); see `judge`."""
        variation = self.subjects.get(subject)
        if variation is None:
            return None
        return variation.judge(_counts(subject, cells, variation), start, self.period_s, place)

    def encode(self) -> bytes:
        """Write JSON."""
        return msgspec.json.encode(self)

    @classmethod
    def decode(cls, raw: bytes | str) -> Normal:
        """Read what `encode` wrote; raises Corrupt when it cannot be read."""
        try:
            return msgspec.json.decode(raw, type=cls)
        except (msgspec.MsgspecError, UnicodeDecodeError) as err:
            raise Corrupt(f"what was learned to be normal cannot be read: {err}; learn it again") from err


def _counts(subject: str, cells: Sequence[int], variation: Variation) -> NDArray[np.int64]:
    if len(cells) != variation.cells:
        raise Invalid(
            f"the window counts {subject} in {len(cells)} cells, and what is normal was learned over "
            f"{variation.cells}; learn from windows of the same version"
        )
    return np.asarray(cells, dtype=np.int64)
