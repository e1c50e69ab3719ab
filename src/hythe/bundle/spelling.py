"""How text spells a number or a time that should have come as one."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal, TypeAlias

Spelling: TypeAlias = Literal["number", "decimal_comma", "thousands", "unit", "date"]
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?\d+,\d+|[+-]?\d{1,3}(\.\d{3})+,\d+")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}([,' _\u00a0\u2009\u202f]\d{3})+(\.\d+)?|[+-]?\d{1,3}(\.\d{3}){2,}")
_UNIT = re.compile(
    r"[$€£¥]\s?[+-]?\d[\d.,]*"
    r"|[+-]?\d[\d.,]*\s?(?:[^\W\d_]+(?:/[^\W\d_]+)?[²³]?|[%°$€£¥][^\W\d_]*)"
)
_DATES = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y",
    "%m-%d-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%d/%m/%y", "%m/%d/%y",
)  # fmt: skip
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", " %H:%M:%S.%f")
_LONGEST = 64


def spelling(text: str) -> Spelling | None:
    """Tell how `text` spells a number or a time; None where it spells neither.

    `1,234` is taken for thousands, and `1,5` for a decimal comma: what one text leaves open, many of a column
    settle.

    >>> [spelling(text) for text in ("3.5", "3,5", "1,234.5", "12 kg", "31.12.2025", "old")]
    ['number', 'decimal_comma', 'thousands', 'unit', 'date', None]
    """
    text = text.strip()
    if not text or len(text) > _LONGEST or not any(letter.isdigit() for letter in text):
        return None
    for kind, form in _FORMS:
        if form.fullmatch(text):
            return kind
    return "date" if date_format(text) else None


_FORMS: tuple[tuple[Spelling, re.Pattern[str]], ...] = (
    ("number", _NUMBER),
    ("thousands", _THOUSANDS),
    ("decimal_comma", _COMMA),
    ("unit", _UNIT),  # before dates, which take 400 times as long; none of their forms is a number and a word
)


def date_format(text: str) -> str | None:
    """Find the format, as `strftime` writes it, in which `text` is a date or a time; None where in none.

    >>> date_format("2025-12-31T10:00:00Z"), date_format("31.12.2025 10:00")
    ('ISO 8601', '%d.%m.%Y %H:%M')
    """
    text = text.strip()
    try:
        datetime.fromisoformat(text)
    except ValueError:
        pass
    else:
        if "-" in text:
            return "ISO 8601"
    for date in _DATES:
        for time in _TIMES:
            try:
                datetime.strptime(text, date + time)  # noqa: DTZ007 - only its form is asked for
            except ValueError:
                continue
            return date + time
    return None
