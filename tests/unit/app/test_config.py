"""A setting comes from the flag, else the environment, else the file, else its default."""

from pathlib import Path

import pytest

from hythe.app.config import load
from hythe.base.errors import Invalid


def test_each_source_gives_way_to_the_one_before_it(tmp_path: Path) -> None:
    (tmp_path / "hythe.toml").write_text('actor = "file"\nhome = "/file"\n')
    environ = {"HYTHE_ACTOR": "environment"}
    assert load(actor="flag", environ=environ, folder=tmp_path).actor == "flag"
    assert load(environ=environ, folder=tmp_path).actor == "environment"
    assert load(environ={}, folder=tmp_path).actor == "file"
    assert load(environ={}, folder=tmp_path).home == Path("/file")


def test_the_catalog_lies_in_the_home_unless_said_otherwise(tmp_path: Path) -> None:
    assert load(home=tmp_path, environ={}, folder=tmp_path).catalog == f"sqlite:///{tmp_path}/catalog.db"
    environ = {"HYTHE_CATALOG": "postgresql+psycopg://db/models"}
    assert load(home=tmp_path, environ=environ, folder=tmp_path).catalog == environ["HYTHE_CATALOG"]


@pytest.mark.parametrize("text", ["home = ", "colour = 'red'"])
def test_a_settings_file_that_cannot_be_followed_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "hythe.toml").write_text(text)
    with pytest.raises(Invalid, match=r"hythe\.toml"):
        load(environ={}, folder=tmp_path)


def test_issuers_of_tokens_come_from_the_file_with_paths_beside_it(tmp_path: Path) -> None:
    (tmp_path / "hythe.toml").write_text(
        '[[issuers]]\nurl = "https://issuer.example"\naudience = "hythe"\njwks_from = "keys/jwks.json"\n'
        '[[issuers]]\nurl = "https://other.example"\naudience = "hythe"\nalgorithms = ["ES256"]\n'
        'jwks_from = "https://other.example/jwks"\n'
    )
    first, second = load(environ={}, folder=tmp_path).issuers
    assert (first.url, first.jwks_from) == ("https://issuer.example", str(tmp_path / "keys" / "jwks.json"))
    assert (second.jwks_from, second.algorithms) == ("https://other.example/jwks", ("ES256",))
    assert load(environ={}, folder=tmp_path / "nowhere").issuers == ()


@pytest.mark.parametrize(
    "table", ['url = "x"', 'url = "x"\naudience = ""', 'url = "x"\naudience = "y"\nalgorithms = ["none"]',
              'url = "x"\naudience = "y"\ncolour = "red"'],
)  # fmt: skip
def test_issuers_that_do_not_fit_are_refused_by_the_files_name(tmp_path: Path, table: str) -> None:
    (tmp_path / "hythe.toml").write_text(f"[[issuers]]\n{table}\n")
    with pytest.raises(Invalid, match=r"hythe\.toml: \[\[issuers\]\] does not fit"):
        load(environ={}, folder=tmp_path)
