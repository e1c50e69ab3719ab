"""The fuzzer sees what is wrong, and makes and keeps the same cases again."""

from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
ERROR = b'{"error":"no","code":"invalid"}'


def reply(status: bytes, body: bytes, *, length: int | None = None) -> bytes:
    told = len(body) if length is None else length
    return b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (
        status,
        told,
        body,
    )


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH))


@pytest.mark.parametrize(
    ("came", "kinds"),
    [
        (reply(b"200 OK", b"{}"), []),
        (reply(b"422 Unprocessable Entity", ERROR), []),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + reply(b"200 OK", b"{}"), []),
        (reply(b"500 Internal Server Error", b'{"error":"x","code":"internal"}'), ["5xx"]),
        (reply(b"503 Service Unavailable", b'{"error":"x","code":"unavailable"}'), ["5xx"]),
        (reply(b"504 Gateway Timeout", b'{"error":"x","code":"timed_out"}'), ["5xx"]),
        (reply(b"200 OK", b'{"a":NaN}'), ["wrong"]),
        (reply(b"400 Bad Request", ERROR), ["wrong"]),
        (reply(b"422 Unprocessable Entity", b'{"detail":"no"}'), ["wrong"]),
        (reply(b"200 OK", b"{}", length=5), ["wrong"]),
        (b"", ["wrong"]),
        (b"garbage\r\n\r\n", ["wrong"]),
        (reply(b"404 Not Found", b'{"error":"nothing at /secret","code":"not_found"}'), ["wrong"]),
    ],
)
def test_the_judge_knows_right_from_wrong(came: bytes, kinds: list[str]) -> None:
    from fuzzing.case import Case
    from fuzzing.judge import Outcome, judge

    case = Case(number=0, door="json", what="", pieces=(b"",), forbidden=b"nothing at /secret")
    assert [fault.kind for fault in judge(case, Outcome(came))[1]] == kinds


def test_no_end_is_a_hang() -> None:
    from fuzzing.case import Case
    from fuzzing.judge import Outcome, judge

    case = Case(number=0, door="json", what="", pieces=(b"",), owed=0)
    assert judge(case, Outcome())[1] == []
    assert [fault.kind for fault in judge(case, Outcome(hung=True))[1]] == ["hang"]


def test_a_case_is_made_again_from_seed_and_number_and_from_its_line() -> None:
    from fuzzing.campaign import make_case
    from fuzzing.case import Case

    for number in range(60):
        case = make_case(3, number)
        assert make_case(3, number) == case == Case.read(case.line())
    assert make_case(4, 0) != make_case(3, 0)
