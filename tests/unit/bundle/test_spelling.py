"""Text that spells numbers and times is told by its form."""

from __future__ import annotations

import pytest

from hythe.bundle.spelling import date_format, spelling


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("12", "number"), (" -3.5e2 ", "number"), (".5", "number"),
        ("3,5", "decimal_comma"), ("1.234,5", "decimal_comma"),
        ("-0,75", "decimal_comma"), ("1,234", "thousands"),
        ("1,234,567.8", "thousands"), ("1 234", "thousands"),
        ("1'234.5", "thousands"), ("1.234.567", "thousands"),
        ("1\u202f234", "thousands"), ("12 kg", "unit"), ("12.5kg", "unit"),
        ("80 km/h", "unit"), ("40%", "unit"), ("21 °C", "unit"), ("€ 7,50", "unit"),
        ("$1,234.50", "unit"), ("3 m²", "unit"), ("5 degrees", "unit"),
        ("31.12.2025", "date"), ("2025-12-31", "date"), ("old", None), ("", None),
        ("A12", None), ("1-2-3-4", None), ("9" * 65, None),
    ],
)  # fmt: skip
def test_a_text_is_told_by_its_form(text: str, kind: str | None) -> None:
    assert spelling(text) == kind


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
