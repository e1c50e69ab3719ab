"""What a request may ask for."""

from __future__ import annotations

from dataclasses import dataclass

from hythe.base.errors import Invalid, TooLarge


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that one request may hold (bytes of its body, rows), and the most that it may take."""

    body_bytes: int = 16 * 2**20
    rows: int = 10_000
    timeout_s: float = 30.0

    def __post_init__(self) -> None:
        if self.body_bytes < 1 or self.rows < 1:
            raise Invalid(f"limits are {self.body_bytes} bytes and {self.rows} rows; give 1 or more")
        if self.timeout_s <= 0:
            raise Invalid(f"timeout_s is {self.timeout_s}; give more than 0")

    def admit_bytes(self, size: int) -> None:
        """Check the size of a body.

        Raises:
            TooLarge: when it is beyond the limit.

        """
        if size > self.body_bytes:
            raise TooLarge(f"the body has more than {self.body_bytes} bytes; send fewer rows at a time")

    def admit_rows(self, rows: int) -> None:
        """Check the number of rows.

        Raises:
            Invalid: when there are none.
            TooLarge: when there are more than the limit.

        """
        if rows < 1:
            raise Invalid("the request has no rows; send at least one")
        if rows > self.rows:
            raise TooLarge(f"the request has {rows} rows, more than {self.rows}; send fewer at a time")
