"""Where alerts are delivered is checked before one has to be."""

from __future__ import annotations

import pytest

from hythe.base.errors import Invalid
from hythe.monitor.delivery import Delivery


@pytest.mark.parametrize("url", ["https://", "http:///path", "http://:9093", "https://?a=b"])
def test_a_url_without_a_host_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match="give a host"):
        Delivery(to="webhook", url=url)


@pytest.mark.parametrize(
    "url", ["http://alerts:many/", "http://alerts:0/", "http://alerts:70000/", "http://[::1/"]
)
def test_a_url_with_a_port_or_an_address_that_cannot_be_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match="a number as port"):
        Delivery(to="alertmanager", url=url)


@pytest.mark.parametrize("url", ["http://alerts", "https://ana:pw@alerts:9093/a?b", "http://[::1]:9093/"])
def test_a_url_with_a_host_is_taken(url: str) -> None:
    assert Delivery(to="webhook", url=url).url == url


def test_what_is_not_of_the_web_and_a_command_of_no_words_are_refused() -> None:
    with pytest.raises(Invalid, match="http:// or https://"):
        Delivery(to="webhook", url="ftp://alerts/")
    with pytest.raises(Invalid, match="no command"):
        Delivery(to="command")
