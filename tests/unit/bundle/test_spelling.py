"""Text that spells numbers and times is told by its form, and read where it is a number."""

from __future__ import annotations

import pytest

from hythe.bundle.spelling import as_number, date_format, spelling


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        ("12", "number", 12.0), (" -3.5e2 ", "number", -350.0), (".5", "number", 0.5),
        ("3,5", "decimal_comma", 3.5), ("1.234,5", "decimal_comma", 1234.5),
        ("-0,75", "decimal_comma", -0.75), ("1,234", "thousands", 1234.0),
        ("1,234,567.8", "thousands", 1234567.8), ("1 234", "thousands", 1234.0),
        ("1'234.5", "thousands", 1234.5), ("1.234.567", "thousands", 1234567.0),
        ("1\u202f234", "thousands", 1234.0), ("12 kg", "unit", 12.0), ("12.5kg", "unit", 12.5),
        ("80 km/h", "unit", 80.0), ("40%", "unit", 40.0), ("21 °C", "unit", 21.0), ("€ 7,50", "unit", 7.5),
        ("$1,234.50", "unit", 1234.5), ("3 m²", "unit", 3.0), ("5 degrees", "unit", 5.0),
        ("31.12.2025", "date", None), ("2025-12-31", "date", None), ("old", None, None), ("", None, None),
        ("A12", None, None), ("1-2-3-4", None, None), ("9" * 65, None, None),
    ],
)  # fmt: skip
def test_a_text_is_told_by_its_form(text: str, kind: str | None, number: float | None) -> None:
    assert spelling(text) == kind
    assert as_number(text) == number


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("31.12.2025", "%d.%m.%Y"), ("12/31/2025", "%m/%d/%Y"), ("31/12/2025 08:15", "%d/%m/%Y %H:%M"),
        ("2025-12-31 10:00:00", "ISO 8601"), ("31 Dec 2025", "%d %b %Y"), ("2025/12/31", "%Y/%m/%d"),
        ("tomorrow", None), ("32.13.2025", None),
    ],
)  # fmt: skip
def test_a_date_is_told_by_its_format(text: str, form: str | None) -> None:
    assert date_format(text) == form
