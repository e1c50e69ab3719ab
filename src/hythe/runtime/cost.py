"""What a model call costs, learned from the calls before: a fixed part and a part for each row."""

from __future__ import annotations

import math

_KEPT = 0.98
"""How much of its weight a call keeps with each call after it: about the last fifty count."""
_KEPT_OF_SURPRISED = 0.8
"""The same when one call after the other takes much longer: the model is another than it was."""
_MOST_OVER = 2.0
"""A call that took longer than this many times what was expected counts as having taken just that long."""
_MOST_DOUBLINGS = 10


class Cost:
    """Expects `fixed + each * rows` seconds, by least squares with exponential forgetting.

    Source: Ljung 1999, System Identification, equation 11.6 (a forgetting factor), in closed form for two
    parameters. A call that the operating system interrupted says nothing about the model, so the surprise
    of one call is limited; that of several in a row is not.

    >>> cost = Cost()
    >>> for rows in (1, 4, 16, 1, 4, 16):
    ...     cost.learn(rows, 1e-5 + 2e-6 * rows)
    >>> round(cost.expect(10) * 1e6)
    30
    >>> cost.rows_within(50e-6)
    20
    """

    __slots__ = ("_each", "_fixed", "_r", "_rr", "_rt", "_surprises", "_t", "_untried", "_w")

    def __init__(self) -> None:
        self._w = self._r = self._t = self._rr = self._rt = 0.0
        self._fixed = self._each = 0.0
        self._surprises = 0
        self._untried = 1

    @property
    def known(self) -> bool:
        """Whether a call was seen."""
        return self._w > 0.0

    def expect(self, rows: int) -> float:
        """Expect the seconds that a call with `rows` rows takes; 0 before the first."""
        return self._fixed + self._each * rows

    def rows_within(self, seconds: float) -> int:
        """Give the most rows whose call is expected to take no longer; at least 1.

        While every call had as many rows, nobody knows what part of it was fixed: twice as many are tried.
        """
        return max(self._rows_within(seconds), self._untried)

    def _rows_within(self, seconds: float) -> int:
        if self._each <= 0.0:
            return 1 if self._fixed > seconds else 2**31
        return max(1, int((seconds - self._fixed) / self._each + 1e-9))

    def learn(self, rows: int, seconds: float) -> None:
        """Take one call into account."""
        if self._w:
            seconds = self._limited(seconds, self.expect(rows))
        kept = _KEPT if self._surprises <= 1 else _KEPT_OF_SURPRISED
        self._w = self._w * kept + 1.0
        self._r = self._r * kept + rows
        self._t = self._t * kept + seconds
        self._rr = self._rr * kept + rows * rows
        self._rt = self._rt * kept + rows * seconds
        self._solve()

    def _limited(self, seconds: float, expected: float) -> float:
        """Limit one surprise, twice as far with each one that follows."""
        most = expected * _MOST_OVER * 2.0 ** min(self._surprises, _MOST_DOUBLINGS)
        self._surprises = self._surprises + 1 if seconds > _MOST_OVER * expected else 0
        return min(seconds, most)

    def _solve(self) -> None:
        spread = self._w * self._rr - self._r * self._r
        if spread <= 1e-9 * self._w * self._rr:  # every call had the same number of rows
            share = self._t / self._r
            self._fixed, self._each = 0.0, share
            self._untried = round(2.0 * self._r / self._w)
            return
        self._untried = 1
        each = (self._w * self._rt - self._r * self._t) / spread
        if each <= 0.0:
            self._fixed, self._each = self._t / self._w, 0.0
            return
        fixed = (self._t - each * self._r) / self._w
        if fixed < 0.0 or not math.isfinite(fixed):
            fixed, each = 0.0, self._rt / self._rr
        self._fixed, self._each = fixed, each
