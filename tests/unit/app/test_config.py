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
