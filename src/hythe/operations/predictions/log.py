"""What is kept of predictions as rows, and where."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from hythe.base.errors import Invalid
from hythe.bundle.schema import Schema

_STORES = ("s3", "gs", "gcs", "abfs", "abfss")


class PredictionLog(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Rows of a `share` of the predictions go to `place` and stay for `days` days.

    `place` is a folder, or a URL of an object store (`s3://bucket/prefix`, `gs://…`, `abfs://…`). Features
    and outputs in `leave_out` are not written, and sensitive columns never are. Files are written every
    `write_s` seconds, or sooner where there is much to write.

    >>> PredictionLog(place="s3://models/rows", days=0)
    Traceback (most recent call last):
    ...
    hythe.base.errors.Invalid: a prediction log cannot be kept for 0 days; give 1 or more
    """

    place: str
    share: float = 0.1
    days: int = 30
    leave_out: tuple[str, ...] = ()
    write_s: float = 60.0

    def __post_init__(self) -> None:
        scheme, separator, _ = self.place.partition("://")
        if not self.place or (separator and scheme not in _STORES):
            known = ", ".join(f"{name}://" for name in _STORES[:-1])
            raise Invalid(
                f"a prediction log cannot go to {self.place!r}; give a folder, or a URL that begins with "
                f"{known} or {_STORES[-1]}://"
            )
        if not 0 < self.share <= 1:
            raise Invalid(f"the share of predictions to log is {self.share}; give more than 0, up to 1")
        if self.days < 1:
            raise Invalid(f"a prediction log cannot be kept for {self.days} days; give 1 or more")
        if not self.write_s > 0:
            raise Invalid(f"a prediction log cannot be written every {self.write_s} s; give more than 0")

    @property
    def local(self) -> bool:
        """Whether `place` is a folder of this machine."""
        return "://" not in self.place


def prediction_log(place: str, share: float, days: int, leave_out: str) -> PredictionLog | None:
    """Read what a command line says; a `place` of `off` asks for no log, `leave_out` are names with commas.

    Raises:
        Invalid: when something does not fit.

    """
    if place == "off":
        return None
    names = tuple(name.strip() for name in leave_out.split(",") if name.strip())
    where = place if "://" in place else str(Path(place).absolute())
    return PredictionLog(place=where, share=share, days=days, leave_out=names)


def check_left_out(log: PredictionLog, schemas: Iterable[Schema]) -> None:
    """See that each name to be left out is in some version's schema: a slip would write what must not be.

    Raises:
        Invalid: naming those that are none.

    """
    known = {item.name for schema in schemas for item in (*schema.inputs, *schema.outputs)}
    if strange := [name for name in log.leave_out if name not in known]:
        raise Invalid(
            f"no version that is served has {', '.join(map(repr, strange))}, which the prediction log is to "
            f"leave out; there are {', '.join(sorted(known))}"
        )
