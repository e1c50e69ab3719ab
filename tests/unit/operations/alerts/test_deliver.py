"""Deliveries: once where all is well, again where it is not, and nobody held up by another."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from itertools import pairwise
from pathlib import Path

import pytest
from tests.unit.monitor.alerts.play import finding
from tests.unit.operations.alerts.scene import Scene

from hythe.monitor.delivery import Delivery
from hythe.operations.alerts.act import acknowledge, resolve, silence, unsilence
from hythe.operations.alerts.deliver import Deliverer
from hythe.testing.receiver import Receiver, receiver

BAD, FINE = finding("feature:age", p_value=1e-9), finding("feature:age", "ok", p_value=0.5)
DAY = 86400


def hooked(hook: Receiver, secret: str = "") -> Delivery:
    return Delivery(to="webhook", url=hook.url, secret_env=secret)


def test_a_webhook_hears_of_drift_once_and_of_its_end_once(scene: Scene, hook: Receiver) -> None:
    scene.policy(deliver=(hooked(hook),))
    for _ in range(5):
        scene.hour(BAD)
        scene.deliver_for(30, 10)
    for _ in range(3):
        scene.hour(FINE)
        scene.deliver_for(30, 10)
    fired, resolved = [each.document for each in hook.received]
    assert (fired["type"], fired["timestamp"]) == ("alert.fired", "2026-01-05T01:00:00.000Z")
    assert fired["data"]["title"] == "scoring 1.0.0: drifted: age"
    assert fired["data"]["subjects"][0]["found"] == ["feature:age alarm"]
    assert fired["data"]["runbook"] == "hythe alerts runbook 1"
    assert (resolved["type"], resolved["data"]["resolved"]) == ("alert.resolved", "2026-01-05T07:00:00.000Z")
    assert scene.states() == {"fired webhook": "sent", "resolved webhook": "sent"}


def test_a_webhook_is_signed_over_id_time_and_body(scene: Scene, hook: Receiver) -> None:
    key = bytes(range(32))
    scene.environ["HOOK_SECRET"] = "whsec_" + base64.b64encode(key).decode()
    scene.policy(deliver=(hooked(hook, "HOOK_SECRET"),))
    scene.hour(BAD)
    scene.deliver()
    [sent] = hook.received
    name, at = sent.headers["webhook-id"], sent.headers["webhook-timestamp"]
    mac = hmac.new(key, f"{name}.{at}.".encode() + sent.body, hashlib.sha256).digest()
    assert sent.headers["webhook-signature"] == f"v1,{base64.b64encode(mac).decode()}"
    assert int(at) == scene.now()
    assert "." not in name


def test_a_missing_secret_is_told_and_nothing_is_sent_without_it(scene: Scene, hook: Receiver) -> None:
    scene.policy(deliver=(hooked(hook, "HOOK_SECRET"),))
    scene.hour(BAD)
    scene.deliver()
    assert hook.received == []
    assert "set the environment variable HOOK_SECRET" in scene.faults()[0]
    scene.environ["HOOK_SECRET"] = "whsec_" + base64.b64encode(bytes(24)).decode()
    scene.deliver_for(10)
    assert len(hook.received) == 1


def test_what_is_not_taken_is_sent_again_with_the_same_id_and_ever_longer_waits(
    scene: Scene, hook: Receiver
) -> None:
    scene.policy(deliver=(hooked(hook),))
    hook.status = 500
    scene.hour(BAD)
    scene.deliver()
    scene.deliver_for(300)
    times = [int(each.headers["webhook-timestamp"]) for each in hook.received]
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert len(waits) >= 4
    assert all(1.5 < later / earlier < 2.6 for earlier, later in pairwise(waits))
    hook.status = 204
    scene.deliver_for(600, 5)
    assert len({each.headers["webhook-id"] for each in hook.received}) == 1
    assert scene.states() == {"fired webhook": "sent"}


def test_a_receiver_says_when_to_come_again(scene: Scene, hook: Receiver) -> None:
    scene.policy(deliver=(hooked(hook),))
    hook.status, hook.extra = 429, {"retry-after": "120"}
    scene.hour(BAD)
    scene.deliver()
    scene.deliver_for(119)
    assert len(hook.received) == 1
    scene.deliver_for(1)
    assert len(hook.received) == 2


@pytest.mark.parametrize("said", ["soon", "\u00b2", "-5", "1.5", ""])
def test_a_receiver_that_says_no_time_is_asked_again_as_any(scene: Scene, hook: Receiver, said: str) -> None:
    scene.policy(deliver=(hooked(hook),))
    hook.status, hook.extra = 429, {"retry-after": said}
    scene.hour(BAD)
    scene.deliver()
    assert scene.faults() == ["127.0.0.1 answered 429; see its log"]
    hook.status = 204
    scene.deliver_for(300)
    assert scene.states() == {"fired webhook": "sent"}


def test_a_receiver_that_is_gone_hears_no_more(scene: Scene, hook: Receiver) -> None:
    scene.policy(deliver=(hooked(hook),))
    hook.status = 410
    scene.hour(BAD)
    scene.deliver_for(DAY, 3600)
    assert len(hook.received) == 1
    assert scene.states() == {"fired webhook": "gone"}


def test_a_redirect_is_not_followed(scene: Scene, hook: Receiver) -> None:
    scene.policy(deliver=(hooked(hook),))
    hook.status, hook.extra = 302, {"location": hook.url.replace("/hook", "/elsewhere")}
    scene.hour(BAD)
    scene.deliver()
    assert [each.path for each in hook.received] == ["/hook"]
    assert scene.faults() == ["127.0.0.1 answered 302; see its log"]


def test_after_a_day_it_is_given_up_and_said_so(scene: Scene, hook: Receiver) -> None:
    scene.policy(deliver=(hooked(hook),))
    hook.status = 500
    scene.hour(BAD)
    scene.deliver_for(DAY + 3600, 1200)
    assert scene.states() == {"fired webhook": "given up"}
    [entry] = [each for each in scene.catalog.history("alert/1") if each.action == "delivery given up"]
    assert (entry.actor, entry.why) == ("controller", "127.0.0.1 answered 500; see its log")
    resolve(scene.catalog, 1, actor="ana", clock=scene.clock)
    scene.deliver()
    assert scene.states()["resolved webhook"] == "skipped"


def test_one_dead_receiver_holds_up_no_other(scene: Scene, hook: Receiver) -> None:
    with receiver() as dead:
        dead.status = 500
        scene.policy(deliver=(hooked(dead), hooked(hook)))
        for number in range(3):
            scene.hour(finding(f"feature:x{number}", kind="quality"), BAD)
        scene.deliver()
        assert len(hook.received) == 2
        assert len(dead.received) == 1


def test_a_receiver_that_nobody_answers_at_is_a_failure_like_others(scene: Scene) -> None:
    with receiver() as gone:
        pass
    scene.policy(deliver=(Delivery(to="webhook", url=gone.url.replace("/hook", "/T0/secret")),))
    scene.hour(BAD)
    scene.deliver()
    assert scene.faults() == ["127.0.0.1 did not take it: ConnectError; see that it is running"]


def test_whoever_dies_after_sending_sends_it_again_with_the_same_id(
    scene: Scene, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.policy(deliver=(hooked(hook),))
    scene.hour(BAD)

    def dies(_record: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(scene.catalog.alerts, "keep", dies)
        scene.deliver()
    successor = Deliverer(scene.catalog, scene.clock, {})
    successor.turn()
    successor.settle()
    successor.close()
    first, second = (each.headers["webhook-id"] for each in hook.until(2))
    assert first == second


def test_a_silent_alert_is_told_when_the_silence_ends_and_it_still_stands(
    scene: Scene, hook: Receiver
) -> None:
    scene.policy(deliver=(hooked(hook),))
    silence(scene.catalog, "scoring", 7200, actor="ana", rule="drift", note="known", clock=scene.clock)
    scene.hour(BAD)
    scene.deliver_for(3500, 50)
    assert hook.received == []
    assert scene.states(logged=True) == {"fired log": "sent", "fired webhook": "waiting"}
    scene.deliver_for(200, 50)
    assert [each.document["type"] for each in hook.received] == ["alert.fired"]


def test_ending_a_silence_tells_at_once(scene: Scene, hook: Receiver) -> None:
    scene.policy(deliver=(hooked(hook),))
    name, _ = silence(scene.catalog, "*", DAY, actor="ana", clock=scene.clock)
    scene.hour(BAD)
    scene.deliver()
    unsilence(scene.catalog, name, actor="ana", clock=scene.clock)
    scene.deliver()
    assert len(hook.received) == 1


def test_what_was_silent_from_its_beginning_to_its_end_is_never_told(scene: Scene, hook: Receiver) -> None:
    scene.policy(deliver=(hooked(hook),))
    silence(scene.catalog, "scoring", DAY, actor="ana", clock=scene.clock)
    for found in (BAD, FINE, FINE):
        scene.hour(found)
        scene.deliver_for(120, 30)
    assert hook.received == []
    assert scene.states() == {"fired webhook": "silenced", "resolved webhook": "skipped"}


def test_a_silence_of_one_subject_does_not_hide_another(scene: Scene, hook: Receiver) -> None:
    scene.policy(deliver=(hooked(hook),))
    silence(scene.catalog, "scoring", DAY, actor="ana", subject="feature:age", clock=scene.clock)
    scene.hour(BAD, finding("feature:pay"))
    scene.deliver()
    assert len(hook.received) == 1


def test_looking_after_an_alert_does_not_silence_it(scene: Scene, hook: Receiver) -> None:
    scene.policy(deliver=(hooked(hook),))
    scene.hour(BAD)
    acknowledge(scene.catalog, 1, actor="ana", clock=scene.clock)
    scene.deliver()
    assert hook.received[0].document["data"]["acknowledged"] == "ana"


def test_a_receiver_taken_out_of_the_policy_hears_nothing(scene: Scene, hook: Receiver) -> None:
    scene.policy(deliver=(hooked(hook),))
    scene.hour(BAD)
    scene.policy()
    scene.deliver()
    assert hook.received == []
    assert scene.states() == {"fired webhook": "dropped"}


def test_an_alertmanager_hears_of_an_alert_for_as_long_as_it_fires(scene: Scene, hook: Receiver) -> None:
    scene.environ["TOKEN"] = "t0ken"
    base = hook.url.removesuffix("/hook")
    scene.policy(deliver=(Delivery(to="alertmanager", url=f"{base}/", secret_env="TOKEN"),))
    scene.hour(BAD)
    scene.deliver_for(600, 10)
    assert len(hook.received) == 10
    first, last = hook.received[0], hook.received[-1]
    assert (first.path, first.headers["authorization"]) == ("/api/v2/alerts", "Bearer t0ken")
    [sent] = first.document
    assert sent["labels"] == {
        "alertname": "HytheDrift", "service": "hythe", "endpoint": "scoring", "version": "1.0.0",
        "rule": "drift", "severity": "warning", "alert": "1",
    }  # fmt: skip
    assert sent["startsAt"] == "2026-01-05T01:00:00.000Z"
    assert last.document[0]["endsAt"] > sent["endsAt"] > "2026-01-05T01:10:00.000Z"
    assert last.document[0]["labels"] == sent["labels"]
    resolve(scene.catalog, 1, actor="ana", clock=scene.clock)
    at = scene.clock.now().isoformat()[:19]
    scene.deliver_for(600, 10)
    [ended] = hook.received[10].document
    assert ended["endsAt"].startswith(at)
    assert len(hook.received) == 11
    assert scene.states() == {"fired alertmanager": "sent", "resolved alertmanager": "sent"}


def test_a_command_is_given_the_message_and_no_shell(scene: Scene, tmp_path: Path) -> None:
    script = tmp_path / "tell.sh"
    script.write_text('#!/bin/sh\ncat > "$1"\n')
    script.chmod(0o755)
    target = tmp_path / "$(touch broken)"
    scene.policy(deliver=(Delivery(to="command", command=(str(script), str(target))),))
    scene.hour(BAD)
    scene.deliver()
    told = json.loads(target.read_text())
    assert (told["type"], told["data"]["alert"], told["id"][:4]) == ("alert.fired", 1, "msg_")
    assert not (tmp_path / "broken").exists()


def test_a_command_that_fails_is_tried_again_and_its_last_words_are_kept(
    scene: Scene, tmp_path: Path
) -> None:
    script = tmp_path / "tell.sh"
    script.write_text(f"#!/bin/sh\ntest -e {tmp_path}/up || {{ echo no pager >&2; exit 3; }}\n")
    script.chmod(0o755)
    scene.policy(deliver=(Delivery(to="command", command=(str(script),)),))
    scene.hour(BAD)
    scene.deliver()
    assert scene.faults() == [f"'{script}' ended with 3: no pager"]
    (tmp_path / "up").touch()
    scene.deliver_for(10)
    assert scene.states() == {"fired command": "sent"}


def test_the_log_has_a_line_in_ecs_names_also_of_what_is_silent(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    silence(scene.catalog, "scoring", DAY, actor="ana", clock=scene.clock)
    scene.hour(BAD)
    scene.deliver()
    line = json.loads(capsys.readouterr().err.strip().splitlines()[-1])
    assert line["message"] == "alert 1 fired: scoring 1.0.0: drifted: age"
    assert (line["event.kind"], line["event.action"], line["log.level"]) == (
        "alert",
        "alert-fired",
        "warning",
    )
    assert (line["rule.name"], line["hythe.endpoint"], line["hythe.subjects"]) == (
        "drift", "scoring", ["feature:age"],
    )  # fmt: skip
    assert line["service.name"] == "hythe"
