"""Cases whose body is a table: CSV and Arrow, spoilt as text, as types, as layout and as bytes."""

from __future__ import annotations

from random import Random

from fuzzing.arrow import arrow_body
from fuzzing.case import Case, post
from fuzzing.doors import TARGET, any_subject, some_rows
from fuzzing.havoc import BROKEN_TEXT, havoc
from fuzzing.squeezed import squeeze
from fuzzing.subjects import Subject

_CELLS = (
    "", '""', "NA", "NaN", "nan", "inf", "-inf", "1e999", "1_0", "0x10", "٣", "9" * 400, "true", "TRUE",
    '"a""b"', '"',
    '"open', "a\nb", '"a\nb"', "a\rb", "\x00", "x" * 70_000, "1;2", "'", "monthly", "1e308", "-0", " 4 ",
    "4.5", "\ufeff",
)  # fmt: skip
_ENDS = ("\n", "\r\n", "\r", "\n\n", "\n\r", "\x0b", "\u2028", "")


def arrow_case(rng: Random, number: int) -> Case:
    """Send an Arrow stream or file."""
    subject = any_subject(rng)
    body, kind, what = arrow_body(rng, subject)
    return _case(rng, number, subject, body, f"application/vnd.apache.arrow.{kind}", f"arrow {what}")


def csv_case(rng: Random, number: int) -> Case:
    """Send CSV."""
    subject = any_subject(rng)
    rows = some_rows(rng, subject)
    lines = [[str(value) for value in row.values()] for row in rows]
    header = list(rows[0])
    for _ in range(rng.randint(0, 3)):
        line = rng.choice([*lines, header])
        _spoil_line(rng, line)
    whole = [*([header] if rng.random() < 0.7 else []), *lines]
    whole *= rng.choice((1, 1, 1, 5, 4000 if sum(len(cell) for line in whole for cell in line) < 300 else 5))
    body = rng.choice(_ENDS[:3]).join(rng.choice((",", ",", ",", ";", "\t")).join(line) for line in whole)
    data = rng.choice(("", "", "\ufeff")).encode() + (body + rng.choice(_ENDS)).encode(
        "utf-8", "surrogatepass"
    )
    if rng.random() < 0.3:
        data = havoc(rng, data)
    if rng.random() < 0.05:
        data = body.encode(rng.choice(("utf-16", "utf-32", "latin-1")), "replace")
    return _case(rng, number, subject, data, "text/csv", "csv")


def _spoil_line(rng: Random, line: list[str]) -> None:
    way = rng.random()
    if way < 0.6 and line:
        line[rng.randrange(len(line))] = rng.choice(_CELLS)
    elif way < 0.7:
        line.append(rng.choice(_CELLS))
    elif way < 0.8 and line:
        line.pop()
    elif way < 0.9:
        line.extend(line[:5] * rng.choice((1, 500)))
    else:
        line.append(rng.choice(BROKEN_TEXT).decode("utf-8", "replace"))


def _case(rng: Random, number: int, subject: Subject, body: bytes, kind: str, what: str) -> Case:
    headers = []
    if rng.random() < 0.3:
        headers.append(
            f"Accept: {rng.choice(('application/json', 'text/csv', 'application/vnd.apache.arrow.file'))}"
        )
    if rng.random() < 0.05:
        body, word, how = squeeze(rng, body)
        headers.append(f"Content-Encoding: {word}")
        what = f"{what}, {how}"
    path = f"/predict/{subject.name}"
    if rng.random() < 0.3:
        path = "/invocations"
        headers.append(f"{TARGET}: {subject.name}")
    door = "csv" if kind == "text/csv" else "arrow"
    return Case(number=number, door=door, what=what, pieces=(post(path, body, *headers, kind=kind),))
