"""`hythe key` shows a secret once, and says what to do next."""

import json
from pathlib import Path

import pytest

from hythe.cli.main import main
from hythe.security.keys import is_key


def run(capsys: pytest.CaptureFixture[str], home: Path, *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([*words, "--home", str(home), "--actor", "ana"])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def test_a_key_is_shown_once_and_never_again(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, made, _ = run(capsys, tmp_path, "key", "create", "--name", "ci", "--rate", "100/s")
    key = made.splitlines()[0]
    assert (code, is_key(key)) == (0, True)
    assert f"hythe key revoke {key.split('_')[1]}" in made
    for words in (("key", "list"), ("key", "list", "--json"), ("history",), ("history", "--json")):
        code, said, _ = run(capsys, tmp_path, *words)
        assert code == 0
        assert key.split("_")[1] in said
        assert key.split("_")[2] not in said


def test_a_revoked_key_is_listed_as_such(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    _, made, _ = run(capsys, tmp_path, "key", "create", "--endpoint", "churn", "--json")
    document = json.loads(made)
    assert document["notices"] == ["no endpoint 'churn' is served yet"]
    assert run(capsys, tmp_path, "key", "revoke", document["record"]["id"])[0] == 0
    _, listed, _ = run(capsys, tmp_path, "key", "list", "--json")
    assert [(key["state"], key["record"]["revoked_by"]) for key in json.loads(listed)] == [("revoked", "ana")]
    _, told, _ = run(capsys, tmp_path, "history", f"key/{document['record']['id']}", "--json")
    assert [entry["action"] for entry in json.loads(told)] == ["add key", "revoke key"]


@pytest.mark.parametrize(
    "words", [("revoke", "0000000000"), ("create", "--rate", "fast"), ("create", "--burst", "3")]
)
def test_what_does_not_fit_is_a_usage_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: tuple[str, ...]
) -> None:
    code, _, said = run(capsys, tmp_path, "key", *words)
    assert code == 2
    assert said.startswith("hythe: ")
