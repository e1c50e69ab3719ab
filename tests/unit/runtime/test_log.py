"""One JSON object a line, in ECS field names."""

import io
import json
import subprocess
import sys
from pathlib import Path

from hythe.runtime.log import make_logger


def test_a_line_has_the_names_of_ecs() -> None:
    stream = io.StringIO()
    make_logger(stream).info("worker ready", logger="hythe.supervisor", slot=1)
    line = json.loads(stream.getvalue())
    assert line["message"] == "worker ready"
    assert line["log.level"] == "info"
    assert line["log.logger"] == "hythe.supervisor"
    assert line["service.name"] == "hythe"
    assert line["slot"] == 1
    assert line["@timestamp"].endswith("Z")


def test_an_exception_keeps_its_trace() -> None:
    stream = io.StringIO()
    try:
        int("inner")
    except ValueError:
        make_logger(stream).exception("unexpected", logger="hythe.server")
    assert "ValueError: invalid literal" in json.loads(stream.getvalue())["error.stack_trace"]


def test_a_line_that_the_disk_has_no_room_for_is_lost_and_nothing_else() -> None:
    program = "from hythe.runtime.log import Log; Log('x').error('a line', rows=1); print('goes on')"
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-c", program], stderr=full, stdout=subprocess.PIPE, text=True, check=False
        )
    assert ended.stdout == "goes on\n"
