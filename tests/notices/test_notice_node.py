"""The NOTICE node inside a flow, against a real receiver."""

import re
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from marshmallow import ValidationError
from notice_receivers import Receiver

from fdl_trigger.domain.errors import DefinitionInvalid
from fdl_trigger.domain.records import Connection, Instance
from fdl_trigger.domain.states import Reason, State
from fdl_trigger.nodes import NODE_TYPES
from fdl_trigger.runtime import Runtime

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PATIENCE_S = 10
Told = Callable[..., Instance]


@pytest.fixture
def tell(runtime: Runtime, receiver: Receiver) -> Told:
    """Run a task of one NOTICE node (or of `nodes`) and return the ended instance."""
    settings = {"webhookUrl": receiver.url, "secret": SECRET, "allowLoopback": True}
    runtime.connections.save(Connection("ops", "webhook", settings))

    def tell(config: dict[str, Any], before: str | None = None, **more: Any) -> Instance:
        nodes: list[dict[str, Any]] = [{"id": "tell", "type": "NOTICE", "config": {"channel": "ops", **config}}]
        lines = []
        if before:
            nodes.insert(0, {"id": "before", "type": before})
            lines = [{"from": "before", "to": "tell", "condition": "ALWAYS"}]
        task = runtime.tasks.save({"workName": "orders", "nodes": nodes, "lines": lines, **more})
        runtime.tasks.publish(uid=task.uid)
        return runtime.instances.wait(runtime.instances.execute(uid=task.uid).uid, PATIENCE_S)

    return tell


def test_a_flow_tells_something_with_parameters_in_it(runtime, receiver, tell):
    params = [{"name": "day", "value": "2026-11-23"}]
    ended = tell({"subject": "${workname} of ${day}", "text": "完成 ${day}"}, params=params)
    assert ended.state is State.SUCCEEDED
    [posted] = receiver.posted
    assert posted.document["type"] == "flow.notice"
    assert posted.document["data"] == {"subject": "orders of 2026-11-23", "text": "完成 2026-11-23"}
    assert "sent over ops (webhook), it answered 200" in [line.text for line in runtime.instances.log(ended.uid)]


def test_the_example_of_the_documentation_runs(receiver, tell):
    page = (Path(__file__).parents[2] / "docs" / "nodes.md").read_text(encoding="utf-8")
    section = page.partition("\n## NOTICE\n")[2].partition("\n## ")[0]
    [example] = re.findall(r"```toml\n(.*?)```", section, re.DOTALL)
    [node] = tomllib.loads(example)["nodes"]
    assert tell({**node["config"], "channel": "ops"}, "QUICK").state is State.SUCCEEDED
    data = receiver.posted[0].document["data"]
    assert re.fullmatch(r"orders of \d{4}-\d\d-\d\d", data["subject"])
    assert data["text"] == "done:   before: 1 rows read, 1 written\nfailed: "


def test_a_message_that_is_not_taken_fails_the_node_without_telling_secrets(runtime, receiver, tell):
    receiver.status = 500
    receiver.answer = f"{SECRET} {receiver.url}".encode()
    ended = tell({"subject": "s"})
    assert (ended.state, ended.reason) == (State.FAILED, Reason.ERROR)
    assert "answered 500" in ended.message
    texts = [ended.message, *(line.text for line in runtime.instances.log(ended.uid))]
    assert not [text for text in texts if SECRET in text or "0123456789abcdef" in text]


def test_a_task_with_a_channel_that_is_not_there_is_not_published(tell):
    with pytest.raises(DefinitionInvalid, match="there is no connection 'nobody'"):
        tell({"channel": "nobody", "subject": "s"})


@pytest.mark.parametrize(
    ("before", "text"), [("FAIL", "failed: before: the source refused; "), ("QUICK", "failed: ; before: 1 rows read")]
)
def test_a_message_tells_how_the_nodes_before_it_ended(receiver, tell, before, text):
    tell({"subject": "s", "text": "failed: ${prepose.failedInfo}; ${prepose.successInfo}"}, before)
    assert receiver.posted[0].document["data"]["text"].startswith(text)


def test_an_unknown_parameter_sends_nothing(receiver, tell):
    assert tell({"subject": "${nothing}"}).state is State.FAILED
    assert receiver.posted == []


def test_a_connection_that_is_no_channel_fails_the_node(runtime, tell, tmp_path):
    runtime.connections.save(Connection("db", "sqlite", {"path": str(tmp_path / "x.db")}))
    assert "is of kind sqlite" in tell({"channel": "db", "subject": "s"}).message


def test_a_run_that_waits_for_a_hanging_channel_can_be_terminated(runtime, receiver, tell):
    receiver.hang()
    node = {"id": "tell", "type": "NOTICE", "config": {"channel": "ops", "subject": "s"}}
    runtime.tasks.publish(uid=runtime.tasks.save({"workName": "slow", "nodes": [node]}).uid)
    created = runtime.instances.execute(name="slow")
    deadline = time.monotonic() + PATIENCE_S
    while not receiver.posted and time.monotonic() < deadline:
        time.sleep(0.02)
    begun = time.monotonic()
    runtime.instances.terminate(created.uid)
    while not (ended := runtime.instances.get(created.uid)).state.is_final:
        assert time.monotonic() < begun + 5
        time.sleep(0.02)
    assert (ended.state, ended.reason) == (State.TERMINATED, Reason.USER)


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ({"subject": "s"}, "channel"),
        ({"channel": "ops"}, "subject"),
        ({"channel": "ops", "subject": ""}, "subject"),
        ({"channel": "ops", "subject": "s", "text": 5}, "text"),
        ({"channel": "ops", "subject": "s", "to": "x"}, "to"),
    ],
)
def test_a_mistake_in_the_node_is_named_by_its_key(config, key):
    with pytest.raises(ValidationError) as caught:
        NODE_TYPES["NOTICE"].schema().load(config)
    assert list(caught.value.normalized_messages()) == [key]
