"""Watching a run, and being told why it waits."""

import time

from fdl_trigger.core.orders import Order
from fdl_trigger.core.watching import Since
from fdl_trigger.domain.states import State
from fdl_trigger.runtime import Runtime


def test_a_watcher_sees_every_transition_and_line_and_can_go_on_where_it_stopped(runtime: Runtime, publish) -> None:
    run = runtime.instances.execute(uid=publish("orders"))
    changes = [one for one in runtime.watching.changes(run.uid, Since(), 10) if one is not None]
    assert changes[-1].instance.state is State.SUCCEEDED
    events = [event.new for change in changes for event in change.events]
    assert events == [State.WAITING, State.RUNNING, State.SUCCEEDED]
    lines = [line.seq for change in changes for line in change.log]
    assert lines == [line.seq for line in runtime.instances.log(run.uid)]
    half = Since.parse(str(changes[0].since))
    rest = [one for one in runtime.watching.changes(run.uid, half, 10) if one is not None]
    assert [line.seq for change in changes[:1] + rest for line in change.log] == lines


def test_a_watch_ends_when_its_time_is_up(runtime: Runtime, publish, gate) -> None:
    run = runtime.instances.execute(uid=publish("orders", "GATE"))
    assert gate.started.acquire(timeout=10)
    began = time.monotonic()
    seen = list(runtime.watching.changes(run.uid, Since(), 0.5))
    assert time.monotonic() - began < 5
    assert [one.instance.state for one in seen if one][-1] is State.RUNNING


def test_where_to_go_on_from_is_read_leniently() -> None:
    assert Since.parse("3-2-17") == Since(3, 2, 17)
    for text in ("", "x", "1-2", "1-2-3-4", "-1-2-3", "9" * 40 + "-1-1"):
        assert Since.parse(text) == Since()


def test_a_waiting_instance_says_what_it_waits_for(runtime: Runtime, publish, gate) -> None:
    uid = publish("orders", "GATE")
    runs = [runtime.instances.execute(uid=uid)]
    assert gate.started.acquire(timeout=10)
    runs += [runtime.instances.execute(uid=uid) for _ in range(3)]
    last = runtime.instances.get(runs[-1].uid)
    assert runtime.watching.why_waiting(last) == "limit 1 of its task reached, 2 ahead"
    assert runtime.watching.why_waiting(runtime.instances.get(runs[0].uid)) is None
    later = runtime.instances.trigger(Order(due_at=int(time.time() * 1000) + 90_000), uid=uid).instance
    assert (runtime.watching.why_waiting(later) or "").startswith("not due yet, it starts in ")


def test_the_estimate_comes_from_earlier_runs(runtime: Runtime, publish, gate) -> None:
    gate.gate.set()
    uid = publish("orders", "GATE")
    runtime.instances.wait(runtime.instances.execute(uid=uid).uid, 10)
    gate.gate.clear()
    gate.started.acquire()
    runtime.instances.execute(uid=uid)
    assert gate.started.acquire(timeout=10)
    waiting = runtime.instances.get(runtime.instances.execute(uid=uid).uid)
    assert runtime.watching.why_waiting(waiting) == "limit 1 of its task reached, 0 ahead, about 1 s"
