"""A process that is killed loses no notice: what it had on its way is sent again, under the same id."""

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from notice_receivers import Receiver

from fdl_trigger.config import Settings
from fdl_trigger.domain.notices import DeliveryStatus
from fdl_trigger.domain.states import State
from fdl_trigger.runtime import Runtime

PATIENCE_S = 20
PROGRAM = """
import sys, time
from dataclasses import replace
from fdl_trigger.config import Settings
from fdl_trigger.domain.records import Connection
from fdl_trigger.runtime import Runtime
settings = Settings()
settings = replace(settings, store=replace(settings.store, path=sys.argv[1]), server=replace(settings.server, port=0))
with Runtime(settings) as runtime:
    hook = {"webhookUrl": sys.argv[2], "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "allowLoopback": True}
    runtime.connections.save(Connection("ops", "webhook", hook))
    notice = {"enabled": True, "on": ["success"], "channels": ["ops"]}
    node = {"id": "only", "type": "VIRTUAL"}
    task = runtime.tasks.save({"workName": "orders", "nodes": [node], "control": {"notice": notice}})
    runtime.tasks.publish(uid=task.uid)
    print(runtime.instances.execute(uid=task.uid).uid, flush=True)
    time.sleep(60)
"""


def test_a_notice_on_its_way_when_the_process_is_killed_is_sent_again(tmp_path: Path, receiver: Receiver) -> None:
    path = tmp_path / "store.db"
    receiver.hang()
    uid = _killed_in_the_middle_of_sending(path, receiver)
    receiver.misbehave = None
    settings = Settings()
    settings = replace(settings, store=replace(settings.store, path=str(path)), server=replace(settings.server, port=0))
    with Runtime(settings) as runtime:
        assert runtime.instances.get(uid).state is State.SUCCEEDED
        deadline = time.monotonic() + PATIENCE_S
        while runtime.notices.list()[0].status is not DeliveryStatus.DELIVERED:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert len(receiver.posted) == 2
    assert len({one.headers["webhook-id"] for one in receiver.posted}) == 1


def _killed_in_the_middle_of_sending(path: Path, receiver: Receiver) -> str:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(path), receiver.url], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        uid = process.stdout.readline().strip()
        deadline = time.monotonic() + PATIENCE_S
        while not receiver.posted:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.kill()
    return uid
